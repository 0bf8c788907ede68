//! What introspection shows about an active token.

use scopegate_claims::{Audiences, Claims, UnixTime};
use scopegate_jose::Verified;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::AuthorizationServer;
use crate::directory::User;
use crate::store::Family;

/// The members for an active token (RFC 7662 §2.2). Members that the RFC does not define have Okta's names.
#[derive(Serialize)]
pub(super) struct TokenInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    scope: String,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    exp: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audiences>,
    iss: String,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(flatten)]
    extra: ExtraClaims,
}

/// The actor (RFC 8693 §4.1) and the key to which the token is bound (RFC 7800 §3.1).
#[derive(Default, Deserialize, Serialize)]
pub(super) struct ExtraClaims {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Value>,
}

impl ExtraClaims {
    /// The claims of an access token.
    pub(super) fn of(token: &Verified) -> Self {
        // These two claims accept any JSON value, so reading them does not fail.
        token.deserialize().unwrap_or_default()
    }
}

impl TokenInfo {
    /// The members for an access token: its claims.
    pub(super) fn access(claims: &Claims, username: Option<String>, extra: ExtraClaims) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            token_type: Some("Bearer"),
            scope: claims.scopes().to_string(),
            client_id: claims.client_id().unwrap_or_default().to_owned(),
            username,
            exp: claims.expires_at(),
            iat: claims.issued_at(),
            nbf: claims.not_before(),
            sub: owned(claims.subject()),
            aud: claims.audiences().cloned(),
            iss: claims.issuer().to_owned(),
            jti: claims.token_id().unwrap_or_default().to_owned(),
            uid: owned(claims.user_id()),
            acr: owned(claims.acr()),
            auth_time: claims.auth_time(),
            extra,
        }
    }

    /// The members for a refresh token: its scopes, its expiry and its user.
    pub(super) fn refresh(
        family: &Family,
        server: &AuthorizationServer,
        subject: &str,
        user: &User,
    ) -> Self {
        let auth = family.body.auth.as_ref();
        Self {
            token_type: None,
            scope: family.body.scopes.to_string(),
            client_id: family.client.to_string(),
            username: Some(user.login.clone()),
            exp: family.idle_ends_at.min(family.ends_at),
            iat: Some(family.rotated_at),
            nbf: None,
            sub: Some(subject.to_owned()),
            aud: Some(family.body.audience.clone().into()),
            iss: server.issuer.to_string(),
            jti: family.id.to_string(),
            uid: Some(user.id.to_string()),
            acr: auth.map(|auth| auth.acr.clone()),
            auth_time: auth.map(|auth| auth.at),
            extra: ExtraClaims::default(),
        }
    }
}
