//! An authorization request, from door to door (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).
//!
//! 1. Who asks, and where the answer may go (`door`). Until that is known nobody is redirected. What
//!    was pushed before (`push`) is asked by a reference (`pushed`).
//! 2. What is asked: a table of checks (`checks`). From here on errors go back to the client.
//! 3. Who is signed in, and whether that will do (`freshness`).
//! 4. Whether the client is the person's, what the policies say, and what the person agreed to.
//! 5. The code, in one transaction with all that must be remembered (`code`).

mod check;
mod checks;
pub(crate) mod consent;
mod door;
mod draft;
mod error;
mod freshness;
mod parameters;
mod push;
mod pushed;
mod returning;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::audit::{ClientDecision, DecisionId, DecisionKind};
use crate::authority::Authority;
use crate::call::decision::Deciding;
use crate::call::{ClientError, active_server};
use crate::catalog::Resource;
use crate::catalog::UserId;
use crate::catalog::{ClientId, ServerId};
use crate::directory::User;
use crate::error::{CallError, OAuthError};
use crate::form::Form;
use crate::grants::authorization_code;
use crate::people::assignment;
use crate::people::session::SessionSecret;
use crate::policy::{self, Facts};
use crate::store::{Change, Session};

use self::checks::At;
use self::door::Door;
use self::draft::{Draft, ParsedRequest};
use self::freshness::Freshness;
use self::parameters::Parameters;
use self::pushed::Pushed;
use crate::grants::code::{self, Binding, Issued};

pub(crate) use check::pkce::CHALLENGE_METHOD;
pub use consent::{ConsentAnswer, ConsentQuestion};
pub(crate) use draft::Prompt;
pub use error::AuthorizeError;
pub use push::PushedResponse;
pub use returning::{ResponseMode, Return};

/// An authorization request, as a browser brings it.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizeRequest<'a> {
    /// The authorization server that is asked.
    pub server: &'a ServerId,
    /// What is asked.
    pub form: &'a Form,
    /// The names that occurred twice.
    pub repeated: &'a BTreeSet<Box<str>>,
    /// The browser that brings it: the SHA-256 of its flow cookie.
    pub browser: [u8; 32],
    /// The session of the browser.
    pub session: Option<&'a SessionSecret>,
    /// What the person has done for this request.
    pub done: Done<'a>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// What a person has done for a request that waited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done<'a> {
    /// When she signed in for it.
    pub signed_in: Option<scopegate_claims::UnixTime>,
    /// What she answered when she was asked to agree.
    pub consent: Option<ConsentAnswer<'a>>,
}

/// How an authorization request goes on.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must know each way")]
pub enum Authorized {
    /// The person is asked to agree.
    Consent(ConsentQuestion),
    /// The client gets its code.
    Return(Return),
    /// The person is asked to sign in.
    SignIn {
        /// Her name, as far as the client knows it.
        login_hint: Option<String>,
    },
}

/// The longest `state` that a client gets back, in bytes.
pub(crate) const MAX_STATE: usize = 1024;

/// Maximum attempts when a concurrent commit wins.
const ROUNDS: usize = 3;

/// An authorization request that is refused.
#[derive(Debug)]
pub struct AuthorizeRefused {
    /// Why.
    pub error: AuthorizeError,
    /// How the client learns of it; none where it is not known that the client may be told.
    pub back: Option<Return>,
    /// The client, where it is known.
    pub client: Option<ClientId>,
    /// The decision, where one was made about a person.
    pub decision: Option<DecisionId>,
}

impl<E: Into<AuthorizeError>> From<E> for AuthorizeRefused {
    fn from(error: E) -> Self {
        Self { error: error.into(), back: None, client: None, decision: None }
    }
}

impl Authority {
    /// Answers an authorization request, or says what the person must do first.
    ///
    /// A request that waited is asked again as a whole: what a browser brings back is only what was
    /// asked.
    ///
    /// # Errors
    ///
    /// [`AuthorizeRefused`], with the way back to the client where there is one. A storage that fails
    /// has none, unless the client asked for no page: then it is told to come again.
    pub async fn authorize(
        &self,
        request: AuthorizeRequest<'_>,
    ) -> Result<Authorized, AuthorizeRefused> {
        let mut round = 1;
        loop {
            let answered = self.answer_browser(&request).await;
            let lost = answered.as_ref().err().and_then(|refused| refused.error.lost_race());
            let Some(lost) = lost.filter(|_| round < ROUNDS) else { return answered };
            // A storage that fails now is as good a reason to come again as the race that was lost.
            if self.catch_up(lost).await.is_err() {
                return answered;
            }
            round += 1;
        }
    }

    /// Refuses a request that was not decided in time. A client that asked for no page is told to come
    /// again, like one whose storage failed; what it pushed before cannot be read now.
    pub fn overdue(&self, request: &AuthorizeRequest<'_>) -> AuthorizeRefused {
        let catalog = self.catalog();
        let told = active_server(&catalog, request.server).map_err(AuthorizeError::from).and_then(
            |server| {
                door::named_once(request.repeated)?;
                let form = &Parameters::of(request.form);
                let mut draft = Draft {
                    catalog: &catalog,
                    server,
                    door: Door::find(&catalog, form)?,
                    form,
                    repeated: request.repeated,
                    pushed: None,
                    keys: self.keys.verifying(&server.id),
                    now: self.clock.now(),
                    asked: ParsedRequest::default(),
                };
                checks::run(&mut draft, At::Direct)?;
                Ok(draft.refused(CallError::Overdue.into(), None))
            },
        );
        told.unwrap_or_else(|_| CallError::Overdue.into())
    }

    /// Answers a request on what is there now.
    async fn answer_browser(
        &self,
        request: &AuthorizeRequest<'_>,
    ) -> Result<Authorized, AuthorizeRefused> {
        let catalog = self.catalog();
        let server = active_server(&catalog, request.server)?;
        door::named_once(request.repeated)?;
        let (pushed, nothing) = (self.pushed(request).await?, BTreeSet::new());
        let (at, asked, repeated) = match &pushed {
            Some(pushed) => (At::Pushed, &pushed.form, &nothing),
            None => (At::Direct, request.form, request.repeated),
        };
        let form = &Parameters::of(asked);
        let mut draft = Draft {
            catalog: &catalog,
            server,
            door: Door::find(&catalog, form)?,
            form,
            repeated,
            pushed: pushed.as_ref(),
            keys: self.keys.verifying(&server.id),
            now: self.clock.now(),
            asked: ParsedRequest::default(),
        };
        if let Err(error) = checks::run(&mut draft, at) {
            return Err(draft.refused(error, None));
        }
        match self.decide(&draft, request).await {
            Ok(Authorized::Return(back)) => Ok(Authorized::Return(back)),
            Ok(waits) => {
                let bound = self.bind(&draft, request).await;
                bound.map(|()| waits).map_err(|error| draft.refused(error, None))
            }
            Err(Undecided { error, decision }) => Err(draft.refused(error, decision)),
        }
    }

    /// Binds what was pushed to the browser in which the person is asked.
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

    /// Decides about a request that is in order.
    async fn decide(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
    ) -> Result<Authorized, Undecided> {
        let found = match request.session {
            Some(secret) => self.signed_in(secret).await?,
            None => None,
        };
        let freshness = match &found {
            Some((session, user)) => freshness::of(draft, session, user, request.done.signed_in),
            None => Freshness::Stale,
        };
        let is_silent = draft.asked.prompt.contains(&Prompt::None);
        let (session, user) = match (found, freshness) {
            (Some(found), Freshness::Fresh) => found,
            (_, Freshness::Stale) if !is_silent => {
                let login_hint = draft.form.value("login_hint").map(str::to_owned);
                return Ok(Authorized::SignIn { login_hint });
            }
            (_, _) => return Err(AuthorizeError::LoginRequired.into()),
        };
        match self.decide_for(draft, request, &session, &user).await {
            Err(error) if error.is_decision() => {
                Err(self.remember(draft, request, &user.id, error).await)
            }
            result => Ok(result?),
        }
    }

    /// Decides about a request of a person who is known.
    async fn decide_for(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
        session: &Session,
        user: &User,
    ) -> Result<Authorized, AuthorizeError> {
        let Draft { server, door, asked, now, .. } = draft;
        let client = door.client;
        assignment::check(client, user)?;
        if asked.is_beyond_us {
            return Err(AuthorizeError::AcrNotMet);
        }
        let resources: Vec<_> = draft.form.values("resource").map(Resource::new).collect();
        let evaluation = policy::evaluate(&Facts {
            server,
            client,
            client_auth: client.spec.auth,
            grant_type: authorization_code::GRANT_TYPE,
            user: Some(user),
            authentication: Some(&session.auth),
            resources: &resources,
            address: request.address,
            now: *now,
            wanted: &asked.wanted,
        });
        let granted = evaluation.granted()?;
        let agreed = match self.consent(draft, user, &granted, request.done.consent).await? {
            consent::Outcome::Ask(question) => return Ok(Authorized::Consent(question)),
            consent::Outcome::Agreed(change) => change,
        };
        let mut deciding = Deciding::new(DecisionKind::AuthorizationCode, server, client, *now);
        deciding.grant_type = Some(authorization_code::GRANT_TYPE);
        deciding.scope = granted.scopes.to_string();
        deciding.user = Some(user.id.clone());
        deciding.address = request.address;
        let decision = ClientDecision { rule: Some(granted.rule.clone()), ..deciding.allowed() };
        let event = deciding.event(decision);

        let issued = Issued {
            binding: Binding {
                redirect_uri: draft.form.value("redirect_uri").map(str::to_owned),
                challenge: asked.challenge.clone(),
            },
            granted,
            audience: asked.audience(server)?.clone(),
            user: user.id.clone(),
            user_version: user.version,
            auth: session.auth.clone(),
            id_token: asked.id_token.clone(),
            userinfo_claims: asked.userinfo_claims.clone(),
        };
        let (code, artifact) = code::issue(&server.id, &client.id, issued, *now);
        let mut changes = vec![
            Change::ExpectCatalog(draft.catalog.state_of(client, server)),
            Change::PutArtifact(artifact),
        ];
        changes.extend(draft.pushed.map(Pushed::used));
        if let Some(change) = agreed {
            changes.push(change);
            let given =
                Deciding { kind: DecisionKind::Consent, id: DecisionId::at(*now), ..deciding };
            changes.push(Change::Audit(given.event(given.allowed())));
        }
        changes.push(Change::Audit(event));
        self.store.commit(&changes).await?;
        Ok(Authorized::Return(draft.answer(vec![("code", code)])))
    }

    /// Remembers a decision against a person's request.
    async fn remember(
        &self,
        draft: &Draft<'_>,
        request: &AuthorizeRequest<'_>,
        user: &UserId,
        error: AuthorizeError,
    ) -> Undecided {
        let mut deciding = Deciding::new(error.kind(), draft.server, draft.door.client, draft.now);
        deciding.grant_type = Some(authorization_code::GRANT_TYPE);
        deciding.scope = draft.asked.wanted.known_to(draft.server);
        deciding.user = Some(user.clone());
        deciding.address = request.address;
        let event = deciding.event(deciding.refused(&OAuthError::from(&error)));
        match self.store.commit(&[Change::Audit(event)]).await {
            Ok(()) => Undecided { error, decision: Some(deciding.id) },
            Err(error) => error.into(),
        }
    }
}

/// Why a request that is in order is not granted.
struct Undecided {
    error: AuthorizeError,
    decision: Option<DecisionId>,
}

impl<E: Into<AuthorizeError>> From<E> for Undecided {
    fn from(error: E) -> Self {
        Self { error: error.into(), decision: None }
    }
}

impl From<crate::store::StoreError> for AuthorizeError {
    fn from(error: crate::store::StoreError) -> Self {
        CallError::Storage(error).into()
    }
}
