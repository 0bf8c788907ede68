use std::time::Duration;

use scopegate::BearerBuilder;
use scopegate_jose::base64url;
use scopegate_testkit::Broken;
use serde_json::{Value, json};

use crate::protected_api::Api;

async fn strict() -> Api {
    Api::start_with(BearerBuilder::strict_type).await
}

#[tokio::test]
async fn step_1_the_type_must_be_at_jwt() {
    let api = strict().await;
    let token = |typ: Value| {
        api.signed(&api.header_with(json!({ "typ": typ })), &api.claims_with(json!({})))
    };
    for typ in ["at+jwt", "application/at+jwt"] {
        api.ask(&token(json!(typ))).await.passes();
    }
    for typ in [json!("JWT"), json!("jwt"), json!("logout+jwt"), json!(null), json!("")] {
        api.ask(&token(typ)).await.is_invalid_token();
    }
}

/// The API did not agree on encryption with the issuer.
#[tokio::test]
async fn step_2_an_encrypted_token_is_refused() {
    let api = strict().await;
    let header = base64url::encode(br#"{"alg":"RSA-OAEP","enc":"A256GCM","typ":"at+jwt"}"#);
    api.ask(&format!("{header}.AAAA.AAAA.AAAA.AAAA")).await.is_invalid_token();
    api.ask(&api.good()).await.passes();
}

#[tokio::test]
async fn step_3_the_issuer_must_match_exactly() {
    let api = strict().await;
    api.ask(&api.good()).await.passes();
    api.ask(&api.broken(Broken::AnotherIssuer)).await.is_invalid_token();
    let longer = format!("{}/", api.issuer.url());
    let token = api.signed(&api.header_with(json!({})), &api.claims_with(json!({ "iss": longer })));
    api.ask(&token).await.is_invalid_token();
}

#[tokio::test]
async fn step_4_the_audience_must_contain_this_resource() {
    let api = strict().await;
    let several = json!({ "aud": ["api://stock", "api://orders"] });
    api.ask(&api.signed(&api.header_with(json!({})), &api.claims_with(several))).await.passes();
    api.ask(&api.broken(Broken::AnotherAudience)).await.is_invalid_token();
    api.ask(&api.broken(Broken::NoAudience)).await.is_invalid_token();
}

#[tokio::test]
async fn step_5_the_signature_must_be_valid_and_not_none() {
    let api = strict().await;
    api.ask(&api.good()).await.passes();
    for broken in [
        Broken::AlgorithmNone,
        Broken::AlgorithmNoneWithSignature,
        Broken::SignatureChanged,
        Broken::StrangersKey,
        Broken::HmacWithPublicKey,
    ] {
        api.ask(&api.broken(broken)).await.is_invalid_token();
    }
}

/// "… some small leeway, usually no more than a few minutes".
#[tokio::test]
async fn step_6_the_current_time_must_be_before_exp() {
    let api = strict().await;
    let token = api.good();
    api.issuer.clock().advance(Duration::from_secs(600 + 59));
    api.ask(&token).await.passes();
    api.issuer.clock().advance(Duration::from_secs(1));
    api.ask(&token).await.is_invalid_token();
    api.ask(&api.broken(Broken::NoExpiry)).await.is_invalid_token();
    assert!(api.issuer.layer_builder().leeway(Duration::from_secs(301)).build().is_err());
}

/// §2.2: the required claims.
#[tokio::test]
async fn a_token_without_a_required_claim_is_refused() {
    let api = strict().await;
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let claims = api.claims_with(json!({ claim: null }));
        api.ask(&api.signed(&api.header_with(json!({})), &claims)).await.is_invalid_token();
    }
    api.ask(&api.signed(&api.header_with(json!({})), &api.claims_with(json!({})))).await.passes();
}

/// §2.2.3: `scope` decides what the token may be used for.
#[tokio::test]
async fn the_scope_decides_what_the_token_may_be_used_for() {
    let api = strict().await;
    api.ask(&api.good()).await.passes();
    let claims = api.claims_with(json!({ "scope": "write:orders" }));
    let other = api.signed(&api.header_with(json!({})), &claims);
    api.ask(&other).await.is_refused(403, "insufficient_scope");
}
