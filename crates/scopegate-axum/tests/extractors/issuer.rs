//! An issuer whose tokens pass the real verifier, and requests to a router with such tokens.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use scopegate_bearer::{Authenticated, ChallengeSettings, Refusal};
use scopegate_claims::{Audience, Claims, Dialect, Issuer, ScopeSet, UnixTime};
use scopegate_jose::{
    Algorithm, AudienceRule, ExtraClaims, KeySet, Rules, SigningKey, TokenType, Verified,
    verify_access_token,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

/// The time at which the tokens are verified.
const NOW: UnixTime = UnixTime::from_seconds(1_000);

/// Signs a token with these scopes and claims, and verifies it.
fn verified(scopes: &str, extra: &impl Serialize) -> Arc<Verified> {
    let issuer = Issuer::parse("https://id.example.com").unwrap();
    let claims = Claims::builder(&issuer, UnixTime::from_seconds(2_000))
        .audience(Audience::parse("api://orders").unwrap())
        .subject("u1")
        .client_id("reader")
        .scopes(ScopeSet::parse(scopes).unwrap())
        .build();
    verified_payload(&claims.in_dialect_with(Dialect::Both, extra))
}

fn verified_payload(payload: &impl Serialize) -> Arc<Verified> {
    let issuer = Issuer::parse("https://id.example.com").unwrap();
    let audience = Audience::parse("api://orders").unwrap();
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = key.sign(TokenType::AccessToken, payload).unwrap();
    let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
    let rules = Rules::new(issuer, AudienceRule::any_of([audience]));
    Arc::new(verify_access_token(&token, &keys, &rules, NOW).unwrap())
}

/// What a layer stores on a request for a token with these scopes.
pub(crate) fn holding(scopes: &str) -> Authenticated {
    let token = verified(scopes, &serde_json::json!({}));
    Authenticated::new(token, settings())
}

/// What a layer stores that reads extra claims of type `X`.
pub(crate) fn with_extra<X>(extra: &impl Serialize) -> Authenticated
where
    X: DeserializeOwned + Send + Sync + 'static,
{
    let token = Arc::into_inner(verified("read:orders", extra)).unwrap();
    let extra = ExtraClaims::of::<X>(&token).unwrap();
    Authenticated::new(Arc::new(token.with_extra(extra)), settings())
}

/// What a layer stores at second 1,000 for a token with only these claims and the required ones.
pub(crate) fn with_members(members: &serde_json::Value) -> Authenticated {
    let mut payload = serde_json::json!({
        "iss": "https://id.example.com", "aud": "api://orders", "exp": 2_000,
    });
    let object = payload.as_object_mut().unwrap();
    object.extend(members.as_object().unwrap().clone());
    Authenticated::new(verified_payload(&payload), settings()).at(NOW)
}

/// What an optional layer stores for a request without a token.
pub(crate) fn anonymous() -> Authenticated {
    Authenticated::anonymous(settings())
}

fn settings() -> Arc<ChallengeSettings> {
    Arc::new(ChallengeSettings::new().with_realm("orders"))
}

/// A response with its complete body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) refusal: Option<Refusal>,
}

impl Answer {
    pub(crate) fn challenge(&self) -> Option<&str> {
        Some(self.headers.get("www-authenticate")?.to_str().unwrap())
    }
}

/// Requests a path with what the layer stored, or without a layer.
pub(crate) async fn ask(
    app: &Router,
    path: &str,
    left: impl Into<Option<Authenticated>>,
) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(authenticated) = left.into() {
        request.extensions_mut().insert(authenticated);
    }
    let response: Response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.into()).unwrap(),
        refusal: parts.extensions.get().cloned(),
    }
}
