//! `authorization_code`: the client redeems what a person's browser brought (RFC 6749 §4.1.3).
//!
//! A code serves once. Whoever comes with it again ends what the first exchange began: one of the two
//! has stolen it, and nobody knows which (RFC 6749 §4.1.2).

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::sha256;

use super::{Decision, Denied, GoesWith, Grant, GrantRequest, Right, Subject, code_verifier};
use crate::assignment;
use crate::audit::AuditEvent;
use crate::authorize::code::{CodeBody, REMEMBERED, UsedCode, family_of};
use crate::decision::Deciding;
use crate::error::{OAuthError, TokenError};
use crate::people::{Person, User, UserId};
use crate::refresh_family::{self, Begin};
use crate::refresh_token::RefreshToken;
use crate::session::is_secret;
use crate::store::{
    Artifact, ArtifactKind, ArtifactName, Change, Ended, Family, FamilyBody, FamilyId, StoreError,
    UserKey,
};
use crate::token_id::TokenId;

/// The grant.
#[derive(Debug)]
pub(super) struct AuthorizationCode;

/// Its name.
pub(crate) const GRANT_TYPE: &str = "authorization_code";

#[async_trait]
impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    async fn decide(&self, request: &GrantRequest<'_>) -> Result<Decision, Denied> {
        let code = request.form.value("code");
        let code = code.ok_or(TokenError::InvalidRequest("The parameter code is missing."))?;
        let Some((artifact, body)) = find(request, code).await? else {
            return Err(forgotten(request, code).await?);
        };
        if let Some(used) = &body.used {
            return Err(replayed(request, used, &body));
        }
        if request.now >= artifact.expires_at {
            return Err(invalid("the code has expired").into());
        }
        let redirect_uri = request.form.value("redirect_uri");
        if body.redirect_uri.as_deref().is_some_and(|sent_to| redirect_uri != Some(sent_to)) {
            return Err(invalid("the code was sent to another redirect URI").into());
        }
        code_verifier::check(body.challenge.as_deref(), request.form.value("code_verifier"))?;
        let user = user(request, &body).await?;
        Ok(redeem(request, code, &artifact, body, user))
    }
}

fn invalid(reason: &'static str) -> TokenError {
    TokenError::InvalidGrant(reason)
}

/// The row of a code, if it is this client's and this server's; none if there is no row.
async fn find(
    request: &GrantRequest<'_>,
    code: &str,
) -> Result<Option<(Artifact, CodeBody)>, Denied> {
    if !is_secret(code) {
        return Err(invalid("no code of ours").into());
    }
    let name = ArtifactName::Secret(sha256(code.as_bytes()));
    let artifact = request.store.artifact(ArtifactKind::Code, &name).await?;
    let Some(artifact) = artifact else { return Ok(None) };
    let body: CodeBody = serde_json::from_str(&artifact.body)
        .map_err(|_| StoreError::Corrupt("a code".to_owned()))?;
    if body.server != request.server.id || body.client != request.client.id {
        return Err(invalid("the code is another client's or server's").into());
    }
    Ok(Some((artifact, body)))
}

/// A code without a row: nobody issued it, or it was redeemed long ago. Then what it began ends.
async fn forgotten(request: &GrantRequest<'_>, code: &str) -> Result<Denied, Denied> {
    let id = family_of(code, request.master_key);
    let began =
        request.store.family(&id).await?.filter(|family| {
            family.server == request.server.id && family.client == request.client.id
        });
    Ok(match began {
        Some(family) => {
            reused(request, Began { user: &family.user, family: Some(&id), token: None })
        }
        None => invalid("there is no such code").into(),
    })
}

/// The person who agreed, if she still may.
async fn user(request: &GrantRequest<'_>, body: &CodeBody) -> Result<User, Denied> {
    let user = request.store.user(UserKey::Id(&body.user)).await?;
    let user = user.filter(|user| user.status.is_active());
    let user = user.ok_or(invalid("the person is not active"))?;
    assignment::check(request.client, &user)?;
    Ok(user)
}

/// Exchanges the code. The row stays, so that a second use is known for one.
fn redeem(
    request: &GrantRequest<'_>,
    code: &str,
    artifact: &Artifact,
    mut body: CodeBody,
    user: User,
) -> Decision {
    let GrantRequest { now, .. } = *request;
    let (family, refresh_token) = begin_family(request, code, &body).unzip();
    let token_id = TokenId::access(family.as_ref().map(|family: &Family| &family.id));
    let token_ends_at = now.plus(body.granted.lifetime);
    body.used = Some(UsedCode {
        family: family.as_ref().map(|family| family.id.clone()),
        token_id: token_id.clone(),
        token_ends_at,
    });
    let mut changes = vec![Change::MoveArtifact {
        kind: artifact.kind,
        id: artifact.id,
        from: artifact.version,
        body: body.to_json(),
        expires_at: now.plus(REMEMBERED).max(token_ends_at),
    }];
    if let Some(family) = family {
        // Whoever ends all that the person began ends this too, or it is decided again.
        changes.push(Change::ExpectUser { user: user.id.clone(), version: user.version });
        changes.push(Change::OpenFamily(Box::new(family)));
    }
    let CodeBody { granted, audience, auth, id_token, userinfo_claims, .. } = body;
    let id_token = granted.scopes.contains("openid").then_some(id_token);
    Decision {
        subject: Subject::Person(Box::new(Person { user, auth: Some(auth) })),
        right: Right::Decided { granted, audience },
        changes,
        goes_with: GoesWith {
            token_id: Some(token_id),
            id_token,
            refresh_token,
            userinfo_claims,
            ..GoesWith::default()
        },
    }
}

/// A family of refresh tokens, if one was granted and the client may use it.
fn begin_family(
    request: &GrantRequest<'_>,
    code: &str,
    body: &CodeBody,
) -> Option<(Family, RefreshToken)> {
    let may_refresh = request.client.spec.grant_types.contains("refresh_token");
    if !may_refresh || !body.granted.scopes.contains("offline_access") {
        return None;
    }
    let begin = Begin {
        server: &body.server,
        client: &body.client,
        user: &body.user,
        body: FamilyBody {
            grant_type: GRANT_TYPE.to_owned(),
            scopes: body.granted.scopes.clone(),
            audience: body.audience.clone(),
            auth: Some(body.auth.clone()),
            userinfo_claims: body.userinfo_claims.clone(),
            id_token_claims: body.id_token.claims.clone(),
            began_at: request.now,
        },
        granted: &body.granted,
        now: request.now,
    };
    let id = family_of(code, request.master_key);
    Some(refresh_family::begin_as(id, request.master_key, begin))
}

/// The code comes a second time: what the first exchange began ends.
fn replayed(request: &GrantRequest<'_>, used: &UsedCode, body: &CodeBody) -> Denied {
    let (user, family) = (&body.user, used.family.as_ref());
    reused(request, Began { user, family, token: Some((&used.token_id, used.token_ends_at)) })
}

/// What the first exchange of a code began, and for whom.
#[derive(Clone, Copy)]
struct Began<'a> {
    user: &'a UserId,
    family: Option<&'a FamilyId>,
    /// The access token, and when it ends anyway.
    token: Option<(&'a TokenId, UnixTime)>,
}

fn reused(request: &GrantRequest<'_>, began: Began<'_>) -> Denied {
    let GrantRequest { server, client, now, .. } = *request;
    let Began { user, family, token } = began;
    let error = invalid("the code was used before");
    let deciding = Deciding {
        grant_type: Some(GRANT_TYPE),
        user: Some(user.clone()),
        ..Deciding::new("app.oauth2.as.token.detect_reuse", server, client, now)
    };
    let event = AuditEvent {
        token_id: token.map(|(id, _)| id.to_string()),
        family: family.map(ToString::to_string),
        ..deciding.refused(&OAuthError::from(&error))
    };
    let end = match (family, token) {
        (Some(family), _) => {
            Some(Change::EndFamilies { of: Ended::Family(family.clone()), at: now })
        }
        (None, Some((id, expires_at))) => {
            Some(Change::RevokeToken { jti: id.to_string(), expires_at })
        }
        (None, None) => None,
    };
    let changes = end.into_iter().chain([Change::Audit(event)]).collect();
    Denied { error, changes }
}
