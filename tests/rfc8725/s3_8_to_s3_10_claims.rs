use std::sync::Arc;

use scopegate::{BearerLayer, TrustedIssuer};
use scopegate_testkit::{Broken, TestIssuer};
use serde_json::json;

use crate::protected_api::{AUDIENCE, Api};

#[tokio::test]
async fn s3_8_the_issuer_must_be_the_trusted_one() {
    let api = Api::start().await;
    api.ask(&api.good()).await.passes();
    api.ask(&api.broken(Broken::NoIssuer)).await.is_invalid_token();
    let ours = api.issuer.url();
    for other in [format!("{ours}/"), ours.to_uppercase(), ours.replace("default", "other")] {
        let token = api.issuer.token().scope("read:orders").claim("iss", other).sign();
        api.ask(&token).await.is_invalid_token();
    }
}

/// "… that the cryptographic keys used … belong to the issuer."
#[tokio::test]
async fn s3_8_the_keys_of_one_issuer_are_not_valid_for_another() {
    let [ours, theirs] = [TestIssuer::listen(AUDIENCE).await, TestIssuer::listen(AUDIENCE).await];
    let both = [&ours, &theirs].map(|issuer| TrustedIssuer::new(issuer.url()));
    let layer = BearerLayer::issuers(both)
        .audience(AUDIENCE)
        .clock(Arc::new(ours.clock().clone()))
        .build()
        .unwrap();
    let api = Api::of(ours, layer).await;
    let foreign = || theirs.token().scope("read:orders");
    api.ask(&api.good()).await.passes();
    api.ask(&foreign().sign()).await.passes();
    api.ask(&foreign().claim("iss", api.issuer.url()).sign()).await.is_invalid_token();
    let ours = api.issuer.token().scope("read:orders");
    api.ask(&ours.claim("iss", theirs.url()).sign()).await.is_invalid_token();
}

/// A `sub` that is not a string is refused. The tests of RFC 9068 cover a missing `sub`, and `null`
/// means the same.
#[tokio::test]
async fn s3_8_the_subject_must_be_a_string() {
    let api = Api::start().await;
    api.ask(&api.issuer.token().scope("read:orders").subject("u1").sign()).await.passes();
    for subject in [json!(7), json!(["u1"]), json!({ "id": "u1" })] {
        let token = api.issuer.token().scope("read:orders").claim("sub", subject).sign();
        api.ask(&token).await.is_invalid_token();
    }
}

#[tokio::test]
async fn s3_9_the_audience_must_be_this_service() {
    let api = Api::start().await;
    let token = |audience: serde_json::Value| {
        api.issuer.token().scope("read:orders").claim("aud", audience).sign()
    };
    for ours in [json!(AUDIENCE), json!([AUDIENCE]), json!(["api://stock", AUDIENCE])] {
        api.ask(&token(ours)).await.passes();
    }
    for other in [json!("api://stock"), json!([]), json!("api://orders/"), json!("*"), json!(7)] {
        api.ask(&token(other)).await.is_invalid_token();
    }
    api.ask(&api.broken(Broken::NoAudience)).await.is_invalid_token();
}

/// A `kid` is only compared with known keys. Keys and URLs in a header are not used.
#[tokio::test]
async fn s3_10_received_claims_are_not_trusted() {
    let api = Api::start().await;
    api.ask(&api.good()).await.passes();
    let fetches = api.issuer.fetches();
    for broken in
        [Broken::KeyInHeader, Broken::KeyUrlInHeader, Broken::StrangersKey, Broken::NoKeyId]
    {
        api.ask(&api.broken(broken)).await.is_invalid_token();
    }
    // A wrong signature reads the issuer's own key set again, in the background and once a minute.
    let more = api.issuer.fetches();
    assert_eq!(more.discovery, fetches.discovery);
    assert!(more.keys - fetches.keys <= 1, "no other key set was fetched");
    for kid in ["../../etc/passwd", "' OR '1'='1", "http://169.254.169.254/", "\u{0}", "${jndi:x}"]
    {
        let header = api.header_with(json!({ "kid": kid }));
        api.ask(&api.signed(&header, &api.claims_with(json!({})))).await.is_invalid_token();
    }
}
