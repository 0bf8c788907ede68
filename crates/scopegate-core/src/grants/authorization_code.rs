//! `authorization_code`: the client redeems what a person's browser brought (RFC 6749 §4.1.3).
//!
//! A code serves once. Whoever comes with it again ends what the first exchange began: one of the two
//! has stolen it, and nobody knows which (RFC 6749 §4.1.2).

use async_trait::async_trait;
use scopegate_jose::sha256;

use super::{Decision, Denied, GoesWith, Grant, GrantRequest, Right, Subject, code_verifier};
use crate::assignment;
use crate::authorize::code::{CodeBody, REMEMBERED, UsedCode};
use crate::decision::Deciding;
use crate::error::{OAuthError, TokenError};
use crate::people::{Person, User};
use crate::refresh_family::{self, Begin};
use crate::refresh_token::RefreshToken;
use crate::session::is_secret;
use crate::store::{
    Artifact, ArtifactKind, ArtifactName, Change, Ended, Family, FamilyBody, StoreError, UserKey,
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
        let (artifact, body) = find(request, code).await?;
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
        Ok(redeem(request, &artifact, body, user))
    }
}

fn invalid(reason: &'static str) -> TokenError {
    TokenError::InvalidGrant(reason)
}

/// The row of a code, if it is this client's and this server's.
async fn find(request: &GrantRequest<'_>, code: &str) -> Result<(Artifact, CodeBody), Denied> {
    if !is_secret(code) {
        return Err(invalid("no code of ours").into());
    }
    let name = ArtifactName::Secret(sha256(code.as_bytes()));
    let artifact = request.store.artifact(ArtifactKind::Code, &name).await?;
    let artifact = artifact.ok_or(invalid("there is no such code"))?;
    let body: CodeBody = serde_json::from_str(&artifact.body)
        .map_err(|_| StoreError::Corrupt("a code".to_owned()))?;
    if body.server != request.server.id || body.client != request.client.id {
        return Err(invalid("the code is another client's or server's").into());
    }
    Ok((artifact, body))
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
    artifact: &Artifact,
    mut body: CodeBody,
    user: User,
) -> Decision {
    let GrantRequest { now, .. } = *request;
    let (family, refresh_token) = begin_family(request, &body).unzip();
    let token_id = TokenId::access(family.as_ref().map(|family: &Family| &family.id));
    body.used = Some(UsedCode {
        family: family.as_ref().map(|family| family.id.clone()),
        token_id: token_id.clone(),
        token_ends_at: now.plus(body.granted.lifetime),
    });
    let mut changes = vec![Change::MoveArtifact {
        kind: artifact.kind,
        id: artifact.id,
        from: artifact.version,
        body: body.to_json(),
        expires_at: now.plus(REMEMBERED),
    }];
    changes.extend(family.map(|family| Change::OpenFamily(Box::new(family))));
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
fn begin_family(request: &GrantRequest<'_>, body: &CodeBody) -> Option<(Family, RefreshToken)> {
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
    Some(refresh_family::begin(request.master_key, begin))
}

/// The code comes a second time: what the first exchange began ends.
fn replayed(request: &GrantRequest<'_>, used: &UsedCode, body: &CodeBody) -> Denied {
    let error = invalid("the code was used before");
    let mut deciding = Deciding::new(
        "app.oauth2.as.token.detect_reuse",
        request.server,
        request.client,
        request.now,
    );
    deciding.grant_type = Some(GRANT_TYPE);
    deciding.user = Some(body.user.clone());
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
