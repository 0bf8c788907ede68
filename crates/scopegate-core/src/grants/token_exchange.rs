//! `urn:ietf:params:oauth:grant-type:token-exchange`: a client exchanges a token for one that is for another
//! API or has fewer scopes (RFC 8693).
//!
//! With an actor token, the new token names the party that acts for the user (delegation). Without one, it
//! does not (impersonation), and it keeps the actor of the old token, if there is one.

mod acting;
mod input;
mod target;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;

use self::input::InputToken;
use super::without_user::{limit_to_consent, without_sign_in};
use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::{AuthorizationServer, ServerId};
use crate::directory::Person;
use crate::error::CallError;
use crate::people::assignment;
use crate::token::{Extras, Subject, TokenId};

/// The grant.
#[derive(Debug)]
pub(super) struct TokenExchange;

/// The value of `grant_type`.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The only type of token that is issued (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

#[async_trait]
impl Grant for TokenExchange {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_secret(&self) -> bool {
        true
    }

    /// The tokens of the org server must not give access to other APIs.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        !server.id.is_org()
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let requested = request.form.value("requested_token_type");
        if requested.is_some_and(|requested| requested != ACCESS_TOKEN) {
            let description = "Only access tokens can be requested in exchange.";
            return Err(CallError::InvalidRequest(description).into());
        }
        let subject = subject_token(request).await?;
        let user = subject.user.as_ref().map(|user| user.id.clone());
        let decided = decide_for(request, subject).await;
        decided.map_err(|denied| denied.about(user.as_ref()))
    }
}

/// Decides the exchange of a valid subject token.
async fn decide_for<'a>(
    request: &GrantRequest<'a>,
    subject: InputToken<'a>,
) -> Result<Decision<'a>, Denied> {
    let actor = actor_token(request).await?;
    let act = acting::decide(request.client, request.server, &subject, actor.as_ref())?;
    let audience = target::audience(request, &subject)?;
    let at_most = without_sign_in(request, scopes_of(request, &subject))?;
    let ends_at = actor.iter().map(|actor| actor.ends_at).fold(subject.ends_at, Ord::min);
    let token_id = TokenId::access(subject.family.as_ref());
    let (may_act, auth) = (subject.may_act, subject.auth);
    let (subject, at_most) = match subject.user {
        None => (Subject::Client, at_most),
        Some(user) => {
            assignment::check(request.client, &user)?;
            let at_most = limit_to_consent(request, &user, at_most).await?;
            (Subject::Person(Box::new(Person { user, auth })), at_most)
        }
    };
    Ok(Decision {
        subject,
        right: Right::Policy {
            grant_type: GRANT_TYPE.into(),
            at_most,
            audience: Some(audience),
            resources: Vec::new(),
            until: Some(ends_at),
        },
        changes: Vec::new(),
        once_signed: None,
        extras: Extras {
            // The new token ends with the family of the old one.
            token_id: Some(token_id),
            actor: act,
            may_act,
            issued_token_type: Some(ACCESS_TOKEN),
            ..Extras::default()
        },
    })
}

async fn subject_token<'a>(request: &GrantRequest<'a>) -> Result<InputToken<'a>, Denied> {
    let missing = |description| CallError::InvalidRequest(description);
    let token = request.form.value("subject_token");
    let token = token.ok_or(missing("The parameter subject_token is missing."))?;
    let token_type = request.form.value("subject_token_type");
    let token_type = token_type.ok_or(missing("The parameter subject_token_type is missing."))?;
    InputToken::read(request, token, token_type).await
}

/// `actor_token_type` must be present if and only if `actor_token` is (RFC 8693 §2.1).
async fn actor_token<'a>(request: &GrantRequest<'a>) -> Result<Option<InputToken<'a>>, Denied> {
    let form = request.form;
    match (form.value("actor_token"), form.value("actor_token_type")) {
        (None, None) => Ok(None),
        (Some(token), Some(token_type)) => {
            InputToken::read(request, token, token_type).await.map(Some)
        }
        (_, _) => {
            let description = "The parameters actor_token and actor_token_type go together.";
            Err(CallError::InvalidRequest(description).into())
        }
    }
}

/// Tells whether a server accepts the tokens of another one.
///
/// The org server is never trusted, whatever the catalog says: its tokens must not give access to other APIs.
pub(crate) fn trusts(server: &AuthorizationServer, other: &ServerId) -> bool {
    !other.is_org() && server.spec.trusted_servers.contains(other)
}

/// The maximum scopes: those of a subject token of this server. The scopes of another server have another
/// meaning, and an ID token has none. Then only the policies limit the scopes.
fn scopes_of<'s>(request: &GrantRequest<'_>, subject: &'s InputToken<'_>) -> Option<&'s ScopeSet> {
    subject.scopes.as_ref().filter(|_| subject.server.id == request.server.id)
}

#[cfg(test)]
mod tests;
