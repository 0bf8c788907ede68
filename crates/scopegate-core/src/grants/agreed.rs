//! What a user agreed to, and the tokens that the client gets for it, once.
//!
//! Authorization codes and device codes are both redeemed here.

use scopegate_claims::{Audience, UnixTime};

use super::code::{Binding, UsedCode, family_of};
use super::{Decision, GrantRequest, OnceSigned, Right, WithToken};
use crate::audit::{ClientDecision, DecisionKind};
use crate::authority::upkeep::CLOCK_SKEW;
use crate::call::Denied;
use crate::call::decision::Deciding;
use crate::catalog::UserId;
use crate::directory::{Authentication, Person, User};
use crate::error::{CallError, OAuthError};
use crate::people::assignment;
use crate::policy::Granted;
use crate::store::{Change, Ended, Family, FamilyBody, FamilyId};
use crate::token::refresh_family::{self, Begin};
use crate::token::{Extras, IdTokenWish, RefreshToken, Requested, Subject, TokenId};

/// What a user agreed to.
#[derive(Clone)]
pub(super) struct Agreed<'a> {
    /// The grant type that redeems the code.
    pub(super) grant_type: &'static str,
    /// The code.
    pub(super) code: &'a str,
    pub(super) binding: Binding,
    pub(super) user: UserId,
    /// The version of the user's row when they agreed.
    pub(super) user_version: u64,
    pub(super) auth: Authentication,
    pub(super) granted: Granted,
    pub(super) audience: Audience,
    pub(super) resources: Vec<String>,
    pub(super) id_token: IdTokenWish,
    pub(super) userinfo_claims: Vec<String>,
}

impl Agreed<'_> {
    /// The user, who must be active, assigned to the client and unchanged since they agreed. For example, a
    /// new password invalidates all codes that were issued before.
    pub(super) fn user(
        &self,
        request: &GrantRequest<'_>,
        user: Option<User>,
    ) -> Result<User, Denied> {
        let user = user.filter(|user| user.id == self.user && user.status.is_active());
        let user = user.ok_or(CallError::InvalidGrant("the user is not active"))?;
        if user.version != self.user_version {
            return Err(CallError::InvalidGrant("the user was changed after they consented").into());
        }
        assignment::check(request.client, &user)?;
        Ok(user)
    }

    /// What the client gets. `used` makes the change that marks the code's row as used. The row stays, so that
    /// a second use of the code is detected.
    pub(super) fn redeemed<'r>(
        self,
        request: &GrantRequest<'r>,
        user: User,
        used: impl FnOnce(UsedCode) -> Change + Send + 'r,
    ) -> Decision<'r> {
        let (family, refresh_token) = self.begin_family(request).unzip();
        let family_id = family.as_ref().map(|family: &Family| family.id.clone());
        let token_id = TokenId::access(family_id.as_ref());
        let mut changes = Vec::new();
        if let Some(family) = family {
            // A commit that ends all sessions of the user also changes the user's row. Either it sees this
            // family and ends it, or this commit loses and the request is decided again.
            changes.push(Change::ExpectUser { user: user.id.clone(), version: user.version });
            // The same is true for a commit that deactivates the client or the server.
            let state = request.catalog.state_of(request.client, request.server);
            changes.push(Change::ExpectCatalog(state));
            changes.push(Change::OpenFamily(Box::new(family)));
        }
        let once_signed = OnceSigned::new(move |signed| {
            let used = used(UsedCode {
                family: family_id,
                token_id: signed.id.clone(),
                token_ends_at: signed.ends_at,
            });
            WithToken { changes: vec![used], refresh_token }
        });
        let Self { granted, audience, resources, auth, id_token, userinfo_claims, .. } = self;
        let resource = resources.into_iter().next();
        Decision {
            subject: Subject::Person(Box::new(Person { user, auth: Some(auth) })),
            right: Right::Decided { granted, audience },
            extras: Extras {
                token_id: Some(token_id),
                id_token: Some(id_token),
                userinfo_claims,
                requested: Requested { resource, ..Requested::default() },
                ..Extras::default()
            },
            changes,
            once_signed: Some(once_signed),
        }
    }

    /// A family of refresh tokens, if `offline_access` was granted and the client may refresh.
    fn begin_family(&self, request: &GrantRequest<'_>) -> Option<(Family, RefreshToken)> {
        if !request.client.spec.may_refresh() || !self.granted.scopes.contains("offline_access") {
            return None;
        }
        let begin = Begin {
            server: &request.server.id,
            client: &request.client.id,
            user: &self.user,
            body: FamilyBody {
                grant_type: self.grant_type.to_owned(),
                scopes: self.granted.scopes.clone(),
                audience: self.audience.clone(),
                resources: self.resources.clone(),
                auth: Some(self.auth.clone()),
                userinfo_claims: self.userinfo_claims.clone(),
                id_token_claims: self.id_token.claims.clone(),
                began_at: request.now,
            },
            granted: &self.granted,
            now: request.now,
        };
        let id = family_of(self.code, &self.binding, request.master_key);
        Some(refresh_family::begin(id, request.master_key, begin))
    }
}

/// A code was presented a second time, by its client and with the right binding. The tokens of the first
/// exchange are revoked.
pub(super) fn replayed(
    request: &GrantRequest<'_>,
    grant_type: &'static str,
    used: &UsedCode,
    user: &UserId,
) -> Denied {
    let (family, token) = (used.family.as_ref(), Some((&used.token_id, used.token_ends_at)));
    reused(request, grant_type, Began { user, family, token })
}

/// A code has no row: it was never issued, or it was redeemed and its row was deleted. If a family exists for
/// the code and one of these bindings, the code is replayed and the family is revoked.
pub(super) async fn forgotten(
    request: &GrantRequest<'_>,
    grant_type: &'static str,
    code: &str,
    bindings: &[Binding],
    unknown: &'static str,
) -> Result<Denied, Denied> {
    for binding in bindings {
        let id = family_of(code, binding, request.master_key);
        if let Some(Family { server, client, user, .. }) = request.store.family(&id).await?
            && (&server, &client) == (&request.server.id, &request.client.id)
        {
            let began = Began { user: &user, family: Some(&id), token: None };
            return Ok(reused(request, grant_type, began));
        }
    }
    Ok(CallError::InvalidGrant(unknown).into())
}

/// The result of the first exchange of a code.
#[derive(Clone, Copy)]
struct Began<'a> {
    user: &'a UserId,
    family: Option<&'a FamilyId>,
    /// The access token, and when it expires.
    token: Option<(&'a TokenId, UnixTime)>,
}

fn reused(request: &GrantRequest<'_>, grant_type: &'static str, began: Began<'_>) -> Denied {
    let GrantRequest { server, client, now, .. } = *request;
    let Began { user, family, token } = began;
    let error = CallError::InvalidGrant("the code was used before");
    let deciding = Deciding {
        grant_type: Some(grant_type),
        user: Some(user.clone()),
        ..Deciding::new(DecisionKind::TokenReuse, server, client, now)
    };
    let decision = ClientDecision {
        token_id: token.map(|(id, _)| id.to_string()),
        family: family.map(ToString::to_string),
        ..deciding.refused(&OAuthError::from(&error))
    };
    let event = deciding.event(decision);
    let end = match (family, token) {
        (Some(family), _) => {
            Some(Change::EndFamilies { of: Ended::Family(family.clone()), at: now })
        }
        (None, Some((id, expires_at))) => {
            let expires_at = expires_at.plus(CLOCK_SKEW);
            Some(Change::RevokeToken { jti: id.to_string(), expires_at })
        }
        (None, None) => None,
    };
    let changes = end.into_iter().chain([Change::Audit(event)]).collect();
    Denied { changes, ..Denied::by(error) }.about(user)
}
