//! `refresh_token`: the client asks again for what a person once agreed to (RFC 6749 §6).
//!
//! All is asked again that may have changed since: the client, the person, whether one may use the
//! other, the policies. They may give less than before, or nothing; never more.

use async_trait::async_trait;

use super::{Decision, Denied, Grant, GrantRequest, Right};
use crate::audit::AuditEvent;
use crate::call::decision::Deciding;
use crate::directory::{Person, User};
use crate::error::{OAuthError, TokenError};
use crate::people::assignment;
use crate::policy::{self, Facts, Granted, Wanted};
use crate::store::{Change, Ended, Family};
use crate::token::RefreshToken;
use crate::token::TokenId;
use crate::token::refresh_family::{self, Shown};
use crate::token::{GoesWith, IdTokenWish, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct Refresh;

/// Its name.
const GRANT_TYPE: &str = "refresh_token";

#[async_trait]
impl Grant for Refresh {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, Denied> {
        let Found { family, generation, user } = find(request).await?;
        let policy = request.client.spec.refresh_token;
        let shown = refresh_family::shown(&family, generation, policy, request.now);
        match shown {
            Shown::Newest | Shown::Parent => {}
            Shown::Replaced if !family.revoked => return Err(reused(request, &family)),
            Shown::Replaced => return Err(invalid("a token of a family that was ended")),
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
        let granted = granted(request, &family, &person.user)?;
        let window = granted.refresh_window;
        let (change, generation) =
            refresh_family::go_on(&family, shown, policy, window, request.now);
        let token = RefreshToken::derive(request.master_key, &family.id, generation);
        let body = family.body;
        // OpenID Connect Core §12.2: an ID token of a refresh bears no nonce.
        let wish = || IdTokenWish { nonce: None, claims: body.id_token_claims };
        let goes_with = GoesWith {
            token_id: Some(TokenId::access(Some(&family.id))),
            id_token: granted.scopes.contains("openid").then(wish),
            refresh_token: Some(token),
            userinfo_claims: body.userinfo_claims,
            ..GoesWith::default()
        };
        Ok(Decision {
            subject: Subject::Person(Box::new(person)),
            right: Right::Decided { granted, audience: body.audience },
            changes: vec![change],
            goes_with,
        })
    }
}

/// What a refresh token stands for.
struct Found {
    family: Family,
    generation: u32,
    /// The person, if she is still there.
    user: Option<User>,
}

/// The family and the generation of the token that is shown, if it is this client's.
///
/// The storage is asked for tokens only that this server derived.
async fn find(request: &GrantRequest<'_>) -> Result<Found, Denied> {
    let text = request.form.value("refresh_token");
    let text = text.ok_or(TokenError::InvalidRequest("The parameter refresh_token is missing."))?;
    let derived = RefreshToken::read(text, request.master_key);
    let (id, generation) = derived.ok_or_else(|| invalid("not a refresh token of this server"))?;
    let found = request.store.family_and_person(&id).await?;
    let (family, user) = found.ok_or_else(|| invalid("the family is forgotten"))?;
    if family.server != request.server.id || family.client != request.client.id {
        // Nothing ends: a stranger who found a token shall not be able to sign its owner out.
        return Err(invalid("a token of another client or server"));
    }
    Ok(Found { family, generation, user })
}

/// The person, if she is still there and may use the client.
fn person(
    request: &GrantRequest<'_>,
    family: &Family,
    user: Option<User>,
) -> Result<Person, Denied> {
    let user = user.filter(|user| user.status.is_active());
    let user = user.ok_or_else(|| invalid("the person is not active"))?;
    assignment::check(request.client, &user)?;
    Ok(Person { user, auth: family.body.auth.clone() })
}

/// What the policies give now, for the grant by which the family began.
fn granted(
    request: &GrantRequest<'_>,
    family: &Family,
    user: &User,
) -> Result<Granted, TokenError> {
    let GrantRequest { server, client, form, .. } = *request;
    let began_by = &family.body.grant_type;
    if !client.spec.grant_types.contains(began_by) {
        return Err(TokenError::UnauthorizedClient);
    }
    let wanted = &Wanted::parse(form.value("scope"))?.within(Some(&family.body.scopes))?;
    policy::evaluate(&Facts {
        server,
        client,
        client_auth: client.spec.auth,
        grant_type: began_by,
        user: Some(user),
        authentication: None,
        resources: &[],
        address: None,
        now: request.now,
        wanted,
    })
    .granted()
}

/// A token that was replaced is shown again: nobody knows who is honest, so all of the family ends,
/// its access tokens too (RFC 9700 §4.14.2).
fn reused(request: &GrantRequest<'_>, family: &Family) -> Denied {
    let GrantRequest { server, client, now, .. } = *request;
    let error = TokenError::InvalidGrant("a refresh token was used again");
    let deciding = Deciding {
        grant_type: Some(GRANT_TYPE),
        user: Some(family.user.clone()),
        ..Deciding::new("app.oauth2.as.token.detect_reuse", server, client, now)
    };
    let event = AuditEvent {
        reason: Some("A refresh token was used again that had been replaced."),
        family: Some(family.id.to_string()),
        ..deciding.refused(&OAuthError::from(&error))
    };
    let end = Change::EndFamilies { of: Ended::Family(family.id.clone()), at: now };
    Denied { error, changes: vec![end, Change::Audit(event)] }
}

fn invalid(why: &'static str) -> Denied {
    TokenError::InvalidGrant(why).into()
}
