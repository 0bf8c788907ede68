//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).
//!
//! 1. The client and its redirect URI are found (`recipient`). Until both are known, the browser is not
//!    redirected. If the client pushed the request before (`push`), it is read by its reference (`pushed`).
//! 2. The parameters are checked, by a table of checks (`checks`). From here on, errors go to the client.
//! 3. The session must meet the requirements of the request (`freshness`). Otherwise the user must sign in.
//! 4. The user must be assigned to the client, a policy rule must match, and the user must consent
//!    (`consent`).
//! 5. The code is stored in one transaction with the consent and the audit event (`grants::code`).

mod check;
mod checks;
pub(crate) mod consent;
mod draft;
mod error;
mod freshness;
mod parameters;
mod push;
mod pushed;
mod recipient;
mod returning;

use std::collections::BTreeSet;
use std::net::IpAddr;

use scopegate_claims::UnixTime;

use self::checks::Source;
use self::draft::{Draft, ParsedRequest};
use self::freshness::Freshness;
use self::parameters::Parameters;
use self::pushed::Pushed;
use self::recipient::Recipient;
use crate::audit::{ClientDecision, DecisionId, DecisionKind};
use crate::authority::Authority;
use crate::call::decision::Deciding;
use crate::call::{ClientError, active_server};
use crate::catalog::{ClientId, Resource, ServerId, UserId};
use crate::directory::User;
use crate::error::{CallError, OAuthError};
use crate::form::Form;
use crate::grants::authorization_code;
use crate::grants::code::{self, Binding, Issued};
use crate::people::assignment;
use crate::people::session::SessionSecret;
use crate::policy::{self, Facts};
use crate::store::{Change, Session};

pub(crate) use check::pkce::CHALLENGE_METHOD;
pub use consent::{ConsentAnswer, ConsentQuestion};
pub(crate) use draft::Prompt;
pub use error::AuthorizeError;
pub use push::PushedResponse;
pub use returning::{ResponseMode, Return};

/// An authorization request that a browser sends.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizeRequest<'a> {
    /// The authorization server to which the request is sent.
    pub server: &'a ServerId,
    /// The parameters.
    pub form: &'a Form,
    /// The names of parameters that occur more than once.
    pub repeated: &'a BTreeSet<Box<str>>,
    /// The SHA-256 of the flow cookie. It identifies the browser.
    pub browser: [u8; 32],
    /// The session cookie of the browser.
    pub session: Option<&'a SessionSecret>,
    /// What the user has already done for this request.
    pub done: Done<'a>,
    /// The IP address of the browser.
    pub address: Option<IpAddr>,
}

/// What a user has already done for a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done<'a> {
    /// When the user signed in for this request.
    pub signed_in: Option<UnixTime>,
    /// The user's answer to the consent question.
    pub consent: Option<ConsentAnswer<'a>>,
}

/// The next step of an authorization request.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the HTTP handler must handle each step")]
pub enum Authorized {
    /// The user must consent.
    Consent(ConsentQuestion),
    /// The client gets its code.
    Return(Return),
    /// The user must sign in.
    SignIn {
        /// The `login_hint` of the request.
        login_hint: Option<String>,
    },
}

/// The longest `state`, in bytes.
pub(crate) const MAX_STATE: usize = 1024;

/// Maximum attempts when a concurrent commit wins.
const ROUNDS: usize = 3;

/// The refusal of an authorization request.
#[derive(Debug)]
pub struct AuthorizeRefused {
    /// Why the request is refused.
    pub error: AuthorizeError,
    /// The error response for the client. `None` means that the browser must not be redirected.
    pub back: Option<Return>,
    /// The client, if it is known.
    pub client: Option<ClientId>,
    /// The id of the decision, if a signed-in user was refused.
    pub decision: Option<DecisionId>,
}

impl<E: Into<AuthorizeError>> From<E> for AuthorizeRefused {
    fn from(error: E) -> Self {
        Self { error: error.into(), back: None, client: None, decision: None }
    }
}

impl Authority {
    /// Answers an authorization request, or says what the user must do first.
    ///
    /// After a sign-in or a consent, the whole request is checked and decided again. The browser brings back
    /// only its parameters.
    ///
    /// # Errors
    ///
    /// [`AuthorizeRefused`], with the error response for the client if the browser may be redirected. If the
    /// storage fails, the browser shows an error page, except for `prompt=none`.
    pub async fn authorize(
        &self,
        request: AuthorizeRequest<'_>,
    ) -> Result<Authorized, AuthorizeRefused> {
        let mut round = 1;
        loop {
            let answered = self.answer_browser(&request).await;
            let lost = answered.as_ref().err().and_then(|refused| refused.error.lost_race());
            let Some(lost) = lost.filter(|_| round < ROUNDS) else { return answered };
            // If the storage fails now, the client gets the error of the lost race. Both mean: try again.
            if self.catch_up(lost).await.is_err() {
                return answered;
            }
            round += 1;
        }
    }

    /// The refusal of a request that was not decided in time. With `prompt=none`, the client gets an error
    /// response. This does not read a pushed request, which would take more time.
    pub fn overdue(&self, request: &AuthorizeRequest<'_>) -> AuthorizeRefused {
        let catalog = self.catalog();
        let refused = active_server(&catalog, request.server)
            .map_err(AuthorizeError::from)
            .and_then(|server| {
                recipient::named_once(request.repeated)?;
                let form = &Parameters::of(request.form);
                let mut draft = Draft {
                    catalog: &catalog,
                    server,
                    recipient: Recipient::find(&catalog, form)?,
                    form,
                    repeated: request.repeated,
                    pushed: None,
                    keys: self.keys.verifying(&server.id),
                    now: self.clock.now(),
                    parsed: ParsedRequest::default(),
                };
                checks::run(&mut draft, Source::Direct)?;
                Ok(draft.refused(CallError::Overdue.into(), None))
            });
        refused.unwrap_or_else(|_| CallError::Overdue.into())
    }

    /// Makes one attempt to answer a request.
    async fn answer_browser(
        &self,
        request: &AuthorizeRequest<'_>,
    ) -> Result<Authorized, AuthorizeRefused> {
        let catalog = self.catalog();
        let server = active_server(&catalog, request.server)?;
        recipient::named_once(request.repeated)?;
        let (pushed, none_repeated) = (self.pushed(request).await?, BTreeSet::new());
        let (source, form, repeated) = match &pushed {
            Some(pushed) => (Source::Pushed, &pushed.form, &none_repeated),
            None => (Source::Direct, request.form, request.repeated),
        };
        let form = &Parameters::of(form);
        let mut draft = Draft {
            catalog: &catalog,
            server,
            recipient: Recipient::find(&catalog, form)?,
            form,
            repeated,
            pushed: pushed.as_ref(),
            keys: self.keys.verifying(&server.id),
            now: self.clock.now(),
            parsed: ParsedRequest::default(),
        };
        if let Err(error) = checks::run(&mut draft, source) {
            return Err(draft.refused(error, None));
        }
        match self.decide(&draft, request).await {
            Ok(Authorized::Return(back)) => Ok(Authorized::Return(back)),
            Ok(step) => {
                let bound = self.bind(&draft, request).await;
                bound.map(|()| step).map_err(|error| draft.refused(error, None))
            }
            Err(NotGranted { error, decision }) => Err(draft.refused(error, decision)),
        }
    }

    /// Binds a pushed request to the browser in which the user is asked.
    async fn bind(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
    ) -> Result<(), AuthorizeError> {
        let bound = draft.pushed.and_then(|pushed| pushed.bound_to(request.browser, draft.now));
        match bound {
            Some(change) => Ok(self.store.commit(&[change]).await?),
            None => Ok(()),
        }
    }

    /// Decides a request whose parameters are valid.
    async fn decide(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
    ) -> Result<Authorized, NotGranted> {
        let found = match request.session {
            Some(secret) => self.signed_in(secret).await?,
            None => None,
        };
        let freshness = match &found {
            Some((session, user)) => freshness::of(draft, session, user, request.done.signed_in),
            None => Freshness::Stale,
        };
        let is_silent = draft.parsed.prompt.contains(&Prompt::None);
        let (session, user) = match (found, freshness) {
            (Some(found), Freshness::Fresh) => found,
            (_, Freshness::Stale) if !is_silent => {
                let login_hint = draft.form.value("login_hint").map(str::to_owned);
                return Ok(Authorized::SignIn { login_hint });
            }
            (_, _) => return Err(AuthorizeError::LoginRequired.into()),
        };
        let resources: Vec<_> = draft.form.values("resource").map(Resource::new).collect();
        let client = draft.recipient.client;
        let facts = Facts {
            server: draft.server,
            client,
            client_auth: client.spec.auth,
            grant_type: authorization_code::GRANT_TYPE,
            user: Some(&user),
            authentication: Some(&session.auth),
            resources: &resources,
            address: request.address,
            now: draft.now,
            wanted: &draft.parsed.wanted,
        };
        match self.decide_for(draft, request, &session, &user, &facts).await {
            Err(error) if error.is_decision() => {
                Err(self.record_denial(draft, &user.id, &facts, error).await)
            }
            result => Ok(result?),
        }
    }

    /// Decides a request of a signed-in user.
    async fn decide_for(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
        session: &Session,
        user: &User,
        facts: &Facts<'_>,
    ) -> Result<Authorized, AuthorizeError> {
        let Draft { server, recipient, parsed, now, .. } = draft;
        let client = recipient.client;
        assignment::check(client, user)?;
        if parsed.needs_unavailable_acr {
            return Err(AuthorizeError::AcrNotMet);
        }
        let mut granted = policy::evaluate(facts).granted()?;
        let consented = match self.consent(draft, user, &granted, request.done.consent).await? {
            consent::Outcome::Ask(question) => return Ok(Authorized::Consent(question)),
            consent::Outcome::Agreed { change, left_out } => {
                granted.scopes = granted.scopes.difference(&left_out);
                change
            }
        };
        if consent::is_nothing(&granted.scopes) {
            return Err(AuthorizeError::Denied);
        }
        let mut deciding = Deciding::new(DecisionKind::AuthorizationCode, server, client, *now);
        deciding.grant_type = Some(authorization_code::GRANT_TYPE);
        deciding.scope = granted.scopes.to_string();
        deciding.user = Some(user.id.clone());
        deciding.address = request.address;
        deciding.basis.catalog = Some(draft.catalog.version());
        let decision = ClientDecision { rule: Some(granted.rule.clone()), ..deciding.allowed() };
        let event = deciding.event(decision);

        let issued = Issued {
            binding: Binding {
                redirect_uri: draft.form.value("redirect_uri").map(str::to_owned),
                challenge: parsed.challenge.clone(),
            },
            granted,
            audience: parsed.audience(server)?.clone(),
            resources: draft.form.values("resource").map(str::to_owned).collect(),
            user: user.id.clone(),
            user_version: user.version,
            auth: session.auth.clone(),
            id_token: parsed.id_token.clone(),
            userinfo_claims: parsed.userinfo_claims.clone(),
        };
        let (code, artifact) = code::issue(&server.id, &client.id, issued, *now);
        let mut changes = vec![
            Change::ExpectCatalog(draft.catalog.state_of(client, server)),
            Change::PutArtifact(artifact),
        ];
        changes.extend(draft.pushed.map(Pushed::used));
        if let Some(change) = consented {
            changes.push(change);
            let given =
                Deciding { kind: DecisionKind::Consent, id: DecisionId::at(*now), ..deciding };
            changes.push(Change::Audit(given.event(given.allowed())));
        }
        changes.push(Change::Audit(event));
        self.store.commit(&changes).await?;
        Ok(Authorized::Return(draft.answer(vec![("code", code)])))
    }

    /// Records that a signed-in user's request is denied.
    async fn record_denial(
        &self,
        draft: &Draft<'_>,
        user: &UserId,
        facts: &Facts<'_>,
        error: AuthorizeError,
    ) -> NotGranted {
        let mut deciding =
            Deciding::new(error.kind(), draft.server, draft.recipient.client, draft.now);
        deciding.grant_type = Some(authorization_code::GRANT_TYPE);
        deciding.scope = draft.parsed.wanted.known_to(draft.server);
        deciding.denied_by = error.of_call().and_then(CallError::denying_rule).map(str::to_owned);
        deciding.user = Some(user.clone());
        deciding.address = facts.address;
        deciding.basis = facts.basis_of_refusal(draft.catalog, error.of_call());
        let event = deciding.event(deciding.refused(&OAuthError::from(&error)));
        match self.store.commit(&[Change::Audit(event)]).await {
            Ok(()) => NotGranted { error, decision: Some(deciding.id) },
            Err(error) => error.into(),
        }
    }
}

/// Why a request with valid parameters is not granted.
struct NotGranted {
    error: AuthorizeError,
    decision: Option<DecisionId>,
}

impl<E: Into<AuthorizeError>> From<E> for NotGranted {
    fn from(error: E) -> Self {
        Self { error: error.into(), decision: None }
    }
}

impl From<crate::store::StoreError> for AuthorizeError {
    fn from(error: crate::store::StoreError) -> Self {
        CallError::Storage(error).into()
    }
}

#[cfg(test)]
mod tests;
