//! A token request, from door to door (RFC 6749 §3.2).
//!
//! 1. The server that is asked, and the client that asks.
//! 2. The grant: by what right.
//! 3. The policy: which scopes, for how long.
//! 4. The claims, and the signature.
//! 5. What must be remembered, in one transaction. Only then does the token leave.

mod administrator;

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use scopegate_jose::SigningKey;
use serde::Serialize;

use crate::audit::{AuditEvent, DecisionId, TOKEN_GRANT};
use crate::authority::Authority;
use crate::call::decision::{Deciding, replayed};
use crate::call::form::Form;
use crate::call::{active_server, selected};
use crate::catalog::{AuthorizationServer, Client, ServerId, Snapshot};
use crate::client_auth::{self, AuthenticatedClient, Authorization, Presented, Proof};
use crate::error::TokenError;
use crate::grants::{self, Decision, Denied, Grant, GrantRequest, Right};
use crate::policy::{self, Facts, Granted, Wanted};
use crate::store::{Change, Contested, StoreError};
use crate::token::RefreshToken;
use crate::token::TokenId;
use crate::token::{self, IdIngredients, Ingredients};
use crate::token::{GoesWith, Subject};

pub use administrator::VouchedRequest;

/// A token request.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// The authorization server that is asked.
    pub server: &'a ServerId,
    /// The value of the Authorization header.
    pub authorization: Option<Authorization<'a>>,
    /// The form.
    pub form: &'a Form,
    /// The address of the client.
    pub address: Option<IpAddr>,
}

/// The answer to a token request that is granted (RFC 6749 §5.1). `Debug` hides the tokens.
#[derive(Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

impl TokenResponse {
    /// The token itself.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// The ID token that goes with it.
    pub fn id_token(&self) -> Option<&str> {
        self.id_token.as_deref()
    }

    /// The refresh token that goes with it.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref()
    }
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A request of a client that is refused: for a token, or at another endpoint.
#[derive(Debug)]
pub struct Refused<E = TokenError> {
    /// Why.
    pub error: E,
    /// The decision, where the client was known by then.
    pub decision: Option<DecisionId>,
}

impl<E: From<TokenError>> From<TokenError> for Refused<E> {
    fn from(error: TokenError) -> Self {
        Self { error: error.into(), decision: None }
    }
}

impl Authority {
    /// Answers a token request.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn token(&self, request: TokenRequest<'_>) -> Result<TokenResponse, Refused> {
        let mut round = 1;
        loop {
            let catalog = self.catalog();
            let server = active_server(&catalog, request.server)?;
            let grant_type = request.form.value("grant_type").ok_or(MISSING_GRANT_TYPE)?;
            let presented = Presented { authorization: request.authorization, form: request.form };
            let AuthenticatedClient { client, changes } =
                self.authenticate_client(&catalog, server, "token", &presented).await?;
            let case = Case::new(&catalog, server, &client, self.clock.now(), grant_type, request);
            match self.answer(&case, changes).await {
                // All is asked again of the catalog as it is now, the client too.
                Err(Refused { error: TokenError::Storage(StoreError::Changed(lost)), .. })
                    if lost == Contested::Catalog && round < ROUNDS =>
                {
                    self.catch_up(lost).await.map_err(TokenError::Storage)?;
                }
                answered => return answered,
            }
            round += 1;
        }
    }

    /// Finds out which client asks, at the endpoint of that name.
    pub(crate) async fn authenticate_client(
        &self,
        catalog: &Snapshot,
        server: &AuthorizationServer,
        endpoint: &'static str,
        presented: &Presented<'_>,
    ) -> Result<AuthenticatedClient, TokenError> {
        let proof = Proof {
            presented,
            server,
            endpoint,
            master_key: &self.master_key,
            keys: None,
            now: self.clock.now(),
        };
        let known = client_auth::authenticate(&proof, catalog, &self.client_keys).await;
        known.inspect_err(|error| {
            if error.is_of_unknown_client() {
                self.refusals.of_unknown(proof.now);
            }
        })
    }

    /// Answers a client that is known by now.
    ///
    /// Who loses a race decides again, on what is there now. Where the catalog has changed, that is
    /// for the caller, who holds it.
    async fn answer(&self, case: &Case<'_>, proved: Vec<Change>) -> Result<TokenResponse, Refused> {
        let mut round = 1;
        loop {
            let refused = match self.grant(case, &proved).await {
                Ok(response) => return Ok(response),
                Err(denied) => self.refuse(&case.refusing(), proved.clone(), denied).await,
            };
            match refused.error.lost_race() {
                Some(lost) if lost != Contested::Catalog && round < ROUNDS => round += 1,
                _ => return Err(refused),
            }
        }
    }

    /// Decides, signs, commits.
    async fn grant(&self, case: &Case<'_>, proved: &[Change]) -> Result<TokenResponse, Denied> {
        let (verdict, mut changes) = case.decide(self).await?;
        let waits_for_storage = !changes.is_empty() || !proved.is_empty();
        let key = self.keys.signer(case.server).await?;
        // From here to where the place is taken, nothing waits.
        let place = if waits_for_storage { None } else { Some(self.audit.reserve()?) };
        let (response, event) = case.signed(verdict, &key)?;
        match place {
            Some(place) => place.take(event),
            None => {
                changes.reserve_exact(proved.len() + 1);
                changes.extend_from_slice(proved);
                changes.push(Change::Audit(event));
                self.store.commit(&changes).await.map_err(replayed)?;
            }
        }
        Ok(response)
    }
}

/// Maximum attempts when a concurrent commit wins.
const ROUNDS: usize = 3;

const MISSING_GRANT_TYPE: TokenError =
    TokenError::InvalidRequest("The parameter grant_type is missing.");

/// A request of a known client, as it is decided.
struct Case<'a> {
    deciding: Deciding<'a>,
    now: UnixTime,
    catalog: &'a Snapshot,
    server: &'a AuthorizationServer,
    client: &'a Client,
    grant_type: &'a str,
    request: TokenRequest<'a>,
    /// An administrator vouches for the client.
    vouched: Option<Vouched>,
}

/// What an administrator says who asks on behalf of a client.
#[derive(Clone, Copy, Debug)]
struct Vouched {
    /// The token lives no longer than this, and no longer than the policy says.
    lifetime: Duration,
}

/// What is decided of a request that is granted.
struct Verdict<'a> {
    subject: Subject,
    granted: Granted,
    audience: &'a Audience,
    goes_with: GoesWith,
}

impl<'a> Case<'a> {
    fn new(
        catalog: &'a Snapshot,
        server: &'a AuthorizationServer,
        client: &'a Client,
        now: UnixTime,
        grant_type: &'a str,
        request: TokenRequest<'a>,
    ) -> Self {
        let deciding = Deciding {
            // A grant type that nobody speaks is a text of a stranger.
            grant_type: grants::grant(grant_type).map(Grant::grant_type),
            address: request.address,
            ..Deciding::new(TOKEN_GRANT, server, client, now)
        };
        Self { deciding, now, catalog, server, client, grant_type, request, vouched: None }
    }

    /// The same request, for which an administrator vouches.
    fn vouched_for(mut self, vouched: Vouched) -> Self {
        self.deciding.reason = Some("An administrator vouched for the client.");
        Self { vouched: Some(vouched), ..self }
    }

    /// The decision to refuse it, with what was asked for, if that is a scope parameter at all.
    fn refusing(&self) -> Deciding<'a> {
        let asked = Wanted::parse(self.request.form.value("scope"));
        let scope = asked.map_or_else(|_| String::new(), |wanted| wanted.known_to(self.server));
        Deciding { scope, ..self.deciding.clone() }
    }

    /// Decides, and says what must be remembered of it. Nothing is touched.
    async fn decide(&self, authority: &Authority) -> Result<(Verdict<'a>, Vec<Change>), Denied> {
        let Self { catalog, server, client, grant_type, now, .. } = *self;
        let form = self.request.form;
        let grant = grants::grant(grant_type).filter(|grant| grant.is_spoken_by(server));
        let grant = grant.ok_or(TokenError::UnsupportedGrantType)?;
        if !client.spec.grant_types.contains(grant_type) {
            return Err(TokenError::UnauthorizedClient.into());
        }
        let request = GrantRequest {
            server,
            client,
            form,
            catalog,
            store: &*authority.store,
            keys: &authority.keys,
            client_keys: &authority.client_keys,
            master_key: &authority.master_key,
            polls: &authority.polls,
            now,
        };
        let Decision { subject, right, changes, goes_with } = grant.decide(&request).await?;
        let (mut granted, audience) = self.by_right(right, &subject)?;
        if let Some(Vouched { lifetime }) = self.vouched {
            granted.lifetime = granted.lifetime.min(lifetime);
        }
        Ok((Verdict { subject, granted, audience, goes_with }, changes))
    }

    /// What is granted, and for which audience, by the right that the client has.
    fn by_right(
        &self,
        right: Right,
        subject: &Subject,
    ) -> Result<(Granted, &'a Audience), TokenError> {
        let Self { server, client, now, .. } = *self;
        let form = self.request.form;
        match right {
            Right::Decided { granted, audience } => {
                Ok((granted, selected(server, form, Some(&audience))?))
            }
            Right::Policy { grant_type, at_most, audience, until } => {
                let wanted = Wanted::parse(form.value("scope"))?.within(at_most.as_ref())?;
                let person = subject.person();
                let mut granted = policy::evaluate(&Facts {
                    server,
                    client,
                    client_auth: client.spec.auth,
                    grant_type,
                    user: person.map(|person| &person.user),
                    authentication: person.and_then(|person| person.auth.as_ref()),
                    resources: &[],
                    address: self.request.address,
                    now,
                    wanted: &wanted,
                })
                .granted()?;
                if let Some(until) = until {
                    granted.lifetime = granted.lifetime.min(until.since(now));
                }
                Ok((granted, selected(server, form, audience.as_ref())?))
            }
        }
    }

    /// The answer, with its tokens, and what is remembered of it.
    fn signed(
        &self,
        verdict: Verdict<'_>,
        key: &SigningKey,
    ) -> Result<(TokenResponse, AuditEvent), TokenError> {
        let Self { server, client, now, .. } = *self;
        let Verdict { subject, granted, audience, goes_with } = verdict;
        let token = token::access_token(
            &Ingredients {
                server,
                client,
                subject: &subject,
                audience,
                granted: &granted,
                token_id: goes_with.token_id.as_ref(),
                actor: goes_with.actor.as_ref(),
                may_act: goes_with.may_act.as_ref(),
                userinfo_claims: &goes_with.userinfo_claims,
                now,
            },
            key,
        )?;
        let id_token = match (&goes_with.id_token, subject.person()) {
            (Some(wish), Some(person)) => {
                let (granted, access_token) = (&granted, token.token.as_str());
                let from =
                    IdIngredients { server, client, person, wish, granted, access_token, now };
                Some(token::id_token(&from, key)?)
            }
            (_, _) => None,
        };
        let event = self.granted(&granted, &subject, &token.id);
        let response = TokenResponse {
            access_token: token.token,
            token_type: "Bearer",
            expires_in: token.lifetime.as_secs(),
            scope: granted.scopes,
            id_token,
            refresh_token: goes_with.refresh_token.map(RefreshToken::into_text),
            issued_token_type: goes_with.issued_token_type,
        };
        Ok((response, event))
    }

    fn granted(&self, granted: &Granted, subject: &Subject, id: &TokenId) -> AuditEvent {
        AuditEvent {
            scope: granted.scopes.as_str().to_owned(),
            rule: Some(granted.rule.clone()),
            token_id: Some(id.as_str().to_owned()),
            user: subject.person().map(|person| person.user.id.as_str().to_owned()),
            family: TokenId::family_of(id.as_str()).map(String::from),
            ..self.deciding.granted()
        }
    }
}
