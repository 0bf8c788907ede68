//! A token request, from door to door (RFC 6749 §3.2).
//!
//! 1. The server that is asked, and the client that asks.
//! 2. The grant: by what right.
//! 3. The policy: which scopes, for how long.
//! 4. The claims, and the signature.
//! 5. What must be remembered, in one transaction. Only then does the token leave.

mod administrator;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use serde::Serialize;

use crate::audit::{AuditEvent, DecisionId};
use crate::authority::Authority;
use crate::catalog::{AuthorizationServer, Client, ServerId, Snapshot};
use crate::client_auth::{self, AuthenticatedClient, Authorization, Presented, Proof};
use crate::error::{OAuthError, TokenError};
use crate::form::Form;
use crate::grants::{self, Decision, GrantRequest};
use crate::mint::{self, Ingredients};
use crate::policy::{self, Granted, Wanted};
use crate::store::{Change, StoreError};

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

/// The answer to a token request that is granted (RFC 6749 §5.1). `Debug` hides the token.
#[derive(Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: ScopeSet,
}

impl TokenResponse {
    /// The token itself.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// A token request that is refused.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: TokenError,
    /// The decision, where the client was known by then.
    pub decision: Option<DecisionId>,
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self { error, decision: None }
    }
}

impl Authority {
    /// Answers a token request.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn token(&self, request: TokenRequest<'_>) -> Result<TokenResponse, Refused> {
        let catalog = self.catalog();
        let now = self.clock.now();
        let server = active_server(&catalog, request.server)?;
        let grant_type = request.form.value("grant_type");
        let grant_type =
            grant_type.ok_or(TokenError::InvalidRequest("The parameter grant_type is missing."))?;
        let AuthenticatedClient { client, changes } = client_auth::authenticate(
            &Proof {
                presented: &Presented { authorization: request.authorization, form: request.form },
                server,
                master_key: &self.master_key,
                now,
            },
            &catalog,
        )?;
        let case = Case {
            id: DecisionId::new(),
            now,
            server,
            client: &client,
            grant_type,
            request,
            vouched: None,
        };
        self.answer(&case, changes).await
    }

    /// Answers a client that is known by now.
    async fn answer(&self, case: &Case<'_>, proved: Vec<Change>) -> Result<TokenResponse, Refused> {
        match self.grant(case, &proved).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.record_refusal(case, proved, error).await),
        }
    }

    /// Decides, signs, commits.
    async fn grant(&self, case: &Case<'_>, proved: &[Change]) -> Result<TokenResponse, TokenError> {
        let Verdict { decision, granted, audience } = case.decide().await?;
        let mut changes = [proved, &decision.changes].concat();
        let waits_for_storage = !changes.is_empty();
        let place = if waits_for_storage { None } else { Some(self.audit.reserve()?) };

        let key = self.keys.signer(case.server).await?;
        let ingredients = Ingredients {
            server: case.server,
            client: case.client,
            subject: &decision.subject,
            audience,
            granted: &granted,
            now: case.now,
        };
        let token = mint::access_token(&ingredients, &key).map_err(TokenError::Signing)?;

        let event = case.granted(&granted, &token.id);
        match place {
            Some(place) => place.take(event),
            None => {
                changes.push(Change::Audit(event));
                self.store.commit(&changes).await.map_err(replayed)?;
            }
        }
        Ok(TokenResponse {
            access_token: token.token,
            token_type: "Bearer",
            expires_in: token.lifetime.as_secs(),
            scope: granted.scopes,
        })
    }

    /// Remembers a refusal, and that the client's proof is used up.
    async fn record_refusal(
        &self,
        case: &Case<'_>,
        mut changes: Vec<Change>,
        error: TokenError,
    ) -> Refused {
        match error {
            // Nothing was decided: the client may come again with the same proof.
            TokenError::AuditQueueFull | TokenError::Signing(_) | TokenError::Storage(_) => {
                error.into()
            }
            // The proof itself is used up, so nobody was authenticated.
            TokenError::InvalidClient(_) => error.into(),
            error => {
                changes.push(Change::Audit(case.refused(&error)));
                match self.store.commit(&changes).await.map_err(replayed) {
                    Ok(()) => Refused { error, decision: Some(case.id) },
                    Err(error) => error.into(),
                }
            }
        }
    }
}

/// A request of a known client, as it is decided.
struct Case<'a> {
    id: DecisionId,
    now: UnixTime,
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
    decision: Decision,
    granted: Granted,
    audience: &'a Audience,
}

impl<'a> Case<'a> {
    /// Decides. Nothing is touched.
    async fn decide(&self) -> Result<Verdict<'a>, TokenError> {
        let Self { server, client, grant_type, request: TokenRequest { form, .. }, .. } = *self;
        let grant = grants::grant(grant_type).ok_or(TokenError::UnsupportedGrantType)?;
        if !client.spec.grant_types.contains(grant_type) {
            return Err(TokenError::UnauthorizedClient);
        }
        let decision = grant.decide(&GrantRequest { server, client, form }).await?;
        let wanted = Wanted::parse(form.value("scope"))?;
        let mut granted = policy::evaluate(server, client, grant_type, &wanted)?;
        if let Some(Vouched { lifetime }) = self.vouched {
            granted.lifetime = granted.lifetime.min(lifetime);
        }
        let audience = audience(server, form)?;
        Ok(Verdict { decision, granted, audience })
    }

    fn granted(&self, granted: &Granted, token_id: &str) -> AuditEvent {
        AuditEvent {
            outcome: "ALLOW",
            scope: granted.scopes.to_string(),
            rule: Some(granted.rule.clone()),
            token_id: Some(token_id.to_owned()),
            ..self.event()
        }
    }

    fn refused(&self, error: &TokenError) -> AuditEvent {
        let answer = OAuthError::from(error);
        AuditEvent {
            outcome: answer.error.as_str(),
            reason: Some(answer.description),
            // What was asked for, if it is a scope parameter at all.
            scope: match Wanted::parse(self.request.form.value("scope")) {
                Ok(Wanted::Named(scopes)) => scopes.to_string(),
                Ok(Wanted::Default) | Err(_) => String::new(),
            },
            ..self.event()
        }
    }

    fn event(&self) -> AuditEvent {
        AuditEvent {
            id: self.id,
            at: self.now,
            kind: "app.oauth2.as.token.grant.access_token",
            server: self.server.id.to_string(),
            client: self.client.id.to_string(),
            // A grant type that nobody speaks is a text of a stranger.
            grant_type: grants::grant(self.grant_type).map(|grant| grant.grant_type().to_owned()),
            outcome: "",
            reason: self.vouched.map(|_| "An administrator vouched for the client."),
            scope: String::new(),
            rule: None,
            token_id: None,
            address: self.request.address.map(|address| address.to_string()),
        }
    }
}

fn active_server<'a>(
    catalog: &'a Snapshot,
    id: &ServerId,
) -> Result<&'a AuthorizationServer, TokenError> {
    let server = catalog.server(id).map(Arc::as_ref);
    server.filter(|server| server.spec.status.is_active()).ok_or(TokenError::UnknownServer)
}

/// The one audience that all resources of the request select (RFC 8707 §2).
fn audience<'a>(server: &'a AuthorizationServer, form: &Form) -> Result<&'a Audience, TokenError> {
    let mut resources = form.values("resource");
    let first = server.audience(resources.next()).ok_or(TokenError::InvalidTarget)?;
    let all_agree = resources.all(|resource| server.audience(Some(resource)) == Some(first));
    if all_agree { Ok(first) } else { Err(TokenError::InvalidTarget) }
}

/// What can be used once was used before: the client's assertion.
fn replayed(error: StoreError) -> TokenError {
    match error {
        StoreError::Conflict => TokenError::InvalidClient("the assertion was used before"),
        error => TokenError::Storage(error),
    }
}
