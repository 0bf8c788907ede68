//! What a person agreed to, and what its client gets for it: once.
//!
//! Codes are redeemed so, whether a browser brought them or a device waited for them.

use scopegate_claims::Audience;

use super::{Decision, Denied, GoesWith, GrantRequest, IdTokenWish, Right, Subject};
use crate::assignment;
use crate::authorize::code::UsedCode;
use crate::decision::Deciding;
use crate::error::{OAuthError, TokenError};
use crate::people::{Authentication, Person, User, UserId};
use crate::policy::Granted;
use crate::refresh_family::{self, Begin};
use crate::refresh_token::RefreshToken;
use crate::store::{Change, Ended, Family, FamilyBody, UserKey};
use crate::token_id::TokenId;

/// What a person agreed to.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    /// By which grant it is redeemed.
    pub(super) grant_type: &'static str,
    pub(super) user: UserId,
    pub(super) auth: Authentication,
    pub(super) granted: Granted,
    pub(super) audience: Audience,
    pub(super) id_token: IdTokenWish,
    pub(super) userinfo_claims: Vec<String>,
}

impl Agreed {
    /// The person, if she still may.
    pub(super) async fn person(&self, request: &GrantRequest<'_>) -> Result<User, Denied> {
        let user = request.store.user(UserKey::Id(&self.user)).await?;
        let user = user.filter(|user| user.status.is_active());
        let user = user.ok_or(TokenError::InvalidGrant("the person is not active"))?;
        assignment::check(request.client, &user)?;
        Ok(user)
    }

    /// What the client gets, and what must be remembered of it in the code's row: that stays, so that
    /// a second use is known for one.
    pub(super) fn redeemed(self, request: &GrantRequest<'_>, user: User) -> (UsedCode, Decision) {
        let (family, refresh_token) = self.begin_family(request).unzip();
        let token_id = TokenId::access(family.as_ref().map(|family: &Family| &family.id));
        let used = UsedCode {
            family: family.as_ref().map(|family| family.id.clone()),
            token_id: token_id.clone(),
            token_ends_at: request.now.plus(self.granted.lifetime),
        };
        let Self { granted, audience, auth, id_token, userinfo_claims, .. } = self;
        let id_token = granted.scopes.contains("openid").then_some(id_token);
        let open = family.map(|family| Change::OpenFamily(Box::new(family)));
        let decision = Decision {
            subject: Subject::Person(Box::new(Person { user, auth: Some(auth) })),
            right: Right::Decided { granted, audience },
            changes: open.into_iter().collect(),
            goes_with: GoesWith {
                token_id: Some(token_id),
                id_token,
                refresh_token,
                userinfo_claims,
                ..GoesWith::default()
            },
        };
        (used, decision)
    }

    /// A family of refresh tokens, if one was granted and the client may use it.
    fn begin_family(&self, request: &GrantRequest<'_>) -> Option<(Family, RefreshToken)> {
        let may_refresh = request.client.spec.grant_types.contains("refresh_token");
        if !may_refresh || !self.granted.scopes.contains("offline_access") {
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
                auth: Some(self.auth.clone()),
                userinfo_claims: self.userinfo_claims.clone(),
                id_token_claims: self.id_token.claims.clone(),
                began_at: request.now,
            },
            granted: &self.granted,
            now: request.now,
        };
        Some(refresh_family::begin(request.master_key, begin))
    }
}

/// A code comes a second time: what the first exchange began ends.
pub(super) fn replayed(
    request: &GrantRequest<'_>,
    grant_type: &'static str,
    used: &UsedCode,
    user: &UserId,
) -> Denied {
    let error = TokenError::InvalidGrant("the code was used before");
    let mut deciding = Deciding::new(
        "app.oauth2.as.token.detect_reuse",
        request.server,
        request.client,
        request.now,
    );
    deciding.grant_type = Some(grant_type);
    deciding.user = Some(user.clone());
    let mut event = deciding.refused(&OAuthError::from(&error));
    event.token_id = Some(used.token_id.to_string());
    event.family = used.family.as_ref().map(ToString::to_string);
    let end = match &used.family {
        Some(family) => Change::EndFamilies { of: Ended::Family(family.clone()), at: request.now },
        None => {
            Change::RevokeToken { jti: used.token_id.to_string(), expires_at: used.token_ends_at }
        }
    };
    Denied { error, changes: vec![end, Change::Audit(event)] }
}
