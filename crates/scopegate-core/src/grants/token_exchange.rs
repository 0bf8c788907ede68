//! `urn:ietf:params:oauth:grant-type:token-exchange`: a client gives a token of a person, and gets one
//! that is for another API, or may do less (RFC 8693).
//!
//! With an actor token the new one says who acts for the person (delegation). Without, the client does
//! what she could do (impersonation), and the new token says no more than the old one did.

mod acting;
mod shown;
mod target;

use async_trait::async_trait;
use scopegate_claims::ScopeSet;

use self::shown::Shown;
use super::without_user::{as_consented, without_sign_in};
use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::AuthorizationServer;
use crate::directory::Person;
use crate::error::CallError;
use crate::people::assignment;
use crate::token::TokenId;
use crate::token::{Extras, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct TokenExchange;

/// Its name.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The one type of token that is issued (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

#[async_trait]
impl Grant for TokenExchange {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_secret(&self) -> bool {
        true
    }

    /// The org server has no API of its own, and its tokens open no other one's.
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
                let at_most = as_consented(request, &user, at_most).await?;
                (Subject::Person(Box::new(Person { user, auth })), at_most)
            }
        };
        Ok(Decision {
            subject,
            right: Right::Policy {
                grant_type: GRANT_TYPE.into(),
                at_most,
                audience: Some(audience),
                until: Some(ends_at),
            },
            changes: Vec::new(),
            once_signed: None,
            extras: Extras {
                // With the family of the old token ends the new one.
                token_id: Some(token_id),
                actor: act,
                may_act,
                issued_token_type: Some(ACCESS_TOKEN),
                ..Extras::default()
            },
        })
    }
}

async fn subject_token<'a>(request: &GrantRequest<'a>) -> Result<Shown<'a>, Denied> {
    let missing = |description| CallError::InvalidRequest(description);
    let token = request.form.value("subject_token");
    let token = token.ok_or(missing("The parameter subject_token is missing."))?;
    let token_type = request.form.value("subject_token_type");
    let token_type = token_type.ok_or(missing("The parameter subject_token_type is missing."))?;
    Shown::read(request, token, token_type).await
}

/// The type is there if and only if the token is (RFC 8693 §2.1).
async fn actor_token<'a>(request: &GrantRequest<'a>) -> Result<Option<Shown<'a>>, Denied> {
    let form = request.form;
    match (form.value("actor_token"), form.value("actor_token_type")) {
        (None, None) => Ok(None),
        (Some(token), Some(token_type)) => Shown::read(request, token, token_type).await.map(Some),
        (_, _) => {
            let description = "The parameters actor_token and actor_token_type go together.";
            Err(CallError::InvalidRequest(description).into())
        }
    }
}

/// No token of this server gives more than it may do itself. What a token of another server may do
/// there says nothing of here, nor does an ID token: the policies alone decide.
fn scopes_of<'s>(request: &GrantRequest<'_>, subject: &'s Shown<'_>) -> Option<&'s ScopeSet> {
    subject.scopes.as_ref().filter(|_| subject.server.id == request.server.id)
}

#[cfg(test)]
mod tests;
