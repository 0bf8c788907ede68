//! `refresh_token`: the client gets new tokens for an earlier authorization (RFC 6749 §6).
//!
//! Everything that may have changed is checked again: the client, the user, whether the user may use the
//! client, and the policies. A refresh may give fewer scopes than before, or none, but never more.

use async_trait::async_trait;

use super::{Decision, Grant, GrantRequest, OnceSigned, Right, WithToken};
use crate::audit::{ClientDecision, DecisionKind};
use crate::call::Denied;
use crate::call::decision::Deciding;
use crate::directory::{Person, User};
use crate::error::{CallError, OAuthError};
use crate::people::assignment;
use crate::store::{Change, Ended, Family};
use crate::token::refresh_family::{self, Shown};
use crate::token::{Extras, IdTokenWish, RefreshToken, Subject, TokenId};

/// The grant.
#[derive(Debug)]
pub(super) struct Refresh;

/// The value of `grant_type`.
const GRANT_TYPE: &str = "refresh_token";

#[async_trait]
impl Grant for Refresh {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn continues_family(&self) -> bool {
        true
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let found = find(request).await?;
        let user = found.family.user.clone();
        decide_found(request, found).map_err(|denied| denied.about(&user))
    }
}

/// Decides the request of a client that presents a token of a family of its own.
fn decide_found<'a>(request: &GrantRequest<'a>, found: Found) -> Result<Decision<'a>, Denied> {
    let Found { family, generation, user } = found;
    let policy = request.client.spec.refresh_token;
    let shown = refresh_family::shown(&family, generation, policy, request.now);
    match shown {
        Shown::Newest | Shown::Parent => {}
        Shown::Replaced if !family.revoked => return Err(reused(request, &family)),
        Shown::Replaced => {
            return Err(invalid("a replaced token of a family that was revoked"));
        }
        Shown::Unissued => {
            tracing::warn!(
                family = %family.id,
                "a refresh token is newer than the storage: was an older backup restored?"
            );
            return Err(invalid("the token is newer than its family"));
        }
    }
    if refresh_family::has_ended(&family, request.now) {
        return Err(invalid("the family has ended"));
    }
    let person = person(request, &family, user)?;
    let first_grant_type = family.body.grant_type.clone();
    if !request.client.spec.grant_types.contains(&first_grant_type) {
        return Err(CallError::UnauthorizedClient.into());
    }
    let body = family.body.clone();
    Ok(Decision {
        subject: Subject::Person(Box::new(person)),
        // The policies decide again, for the grant with which the family began and for at most the
        // scopes of the family.
        right: Right::Policy {
            grant_type: first_grant_type.into(),
            at_most: Some(body.scopes),
            audience: Some(body.audience),
            resources: body.resources,
            until: None,
        },
        extras: Extras {
            token_id: Some(TokenId::access(Some(&family.id))),
            // OpenID Connect Core §12.2: the ID token of a refresh should have no nonce.
            id_token: Some(IdTokenWish { nonce: None, claims: body.id_token_claims }),
            userinfo_claims: body.userinfo_claims,
            ..Extras::default()
        },
        changes: Vec::new(),
        once_signed: Some(continued(request, family, shown)),
    })
}

/// Records the use of the refresh token. It runs late because the policies decide on the new idle window.
fn continued<'a>(request: &GrantRequest<'a>, family: Family, shown: Shown) -> OnceSigned<'a> {
    let GrantRequest { client, master_key, now, .. } = *request;
    OnceSigned::new(move |signed| {
        let (policy, window) = (client.spec.refresh_token, signed.granted.refresh_window);
        let (change, generation) = refresh_family::go_on(&family, shown, policy, window, now);
        let token = RefreshToken::derive(master_key, &family.id, generation);
        WithToken { changes: vec![change], refresh_token: Some(token) }
    })
}

/// The result of the lookup of a refresh token.
struct Found {
    family: Family,
    generation: u32,
    /// The user, if they still exist.
    user: Option<User>,
}

/// Looks up the presented token, which must belong to this client. Forged tokens are refused before the
/// storage is read.
async fn find(request: &GrantRequest<'_>) -> Result<Found, Denied> {
    let text = request.form.value("refresh_token");
    let text = text.ok_or(CallError::InvalidRequest("The parameter refresh_token is missing."))?;
    let derived = RefreshToken::read(text, request.master_key);
    let (id, generation) = derived.ok_or_else(|| invalid("not a refresh token of this server"))?;
    let found = request.store.family_and_person(&id).await?;
    let (family, user) = found.ok_or_else(|| invalid("the family is forgotten"))?;
    if family.server != request.server.id || family.client != request.client.id {
        // Nothing is revoked: otherwise any client that found a token could end its owner's family.
        return Err(invalid("a token of another client or server").about(&family.user));
    }
    Ok(Found { family, generation, user })
}

/// The user, who must be active and assigned to the client.
fn person(
    request: &GrantRequest<'_>,
    family: &Family,
    user: Option<User>,
) -> Result<Person, Denied> {
    let user = user.filter(|user| user.status.is_active());
    let user = user.ok_or_else(|| invalid("the user is not active"))?;
    assignment::check(request.client, &user)?;
    Ok(Person { user, auth: family.body.auth.clone() })
}

/// A replaced token was presented again. Either side may be the thief, so the whole family is revoked,
/// including its access tokens (RFC 9700 §4.14.2).
fn reused(request: &GrantRequest<'_>, family: &Family) -> Denied {
    let GrantRequest { server, client, now, .. } = *request;
    let error = CallError::InvalidGrant("a refresh token was used again");
    let deciding = Deciding {
        grant_type: Some(GRANT_TYPE),
        user: Some(family.user.clone()),
        ..Deciding::new(DecisionKind::TokenReuse, server, client, now)
    };
    let decision = ClientDecision {
        reason: Some("A refresh token was used again that had been replaced.".into()),
        family: Some(family.id.to_string()),
        ..deciding.refused(&OAuthError::from(&error))
    };
    let event = deciding.event(decision);
    let end = Change::EndFamilies { of: Ended::Family(family.id.clone()), at: now };
    let changes = vec![end, Change::Audit(event)];
    Denied { changes, ..Denied::by(error) }
}

fn invalid(why: &'static str) -> Denied {
    CallError::InvalidGrant(why).into()
}

#[cfg(test)]
mod tests;
