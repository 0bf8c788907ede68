//! Tokens must not make the service fetch a URL, block, or lose its keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scopegate::Algorithm;
use scopegate_jose::{SigningKey, random_token};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::service::{Service, invalid_token, passes};

const COOL_DOWN: Duration = Duration::from_secs(15);
const KEY: &str = "The signing key is unknown";
const SIGNATURE: &str = "The signature is not valid";

#[tokio::test]
async fn no_url_in_a_token_is_fetched() {
    let service = Service::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trap = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });

    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let public = serde_json::to_value(stranger.public_jwk()).unwrap();
    let members: [(&str, Value); 9] = [
        ("jku", json!(format!("{trap}/keys"))),
        ("x5u", json!(format!("{trap}/chain"))),
        ("jwk", public.clone()),
        ("jwk", json!({ "keys": [public] })),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("abc")),
        ("iss", json!(trap)),
        ("jwks_uri", json!(trap)),
        ("url", json!(trap)),
    ];
    for (name, value) in members {
        for kid in [Some(service.issuer.kid()), Some(format!("{trap}/keys#1")), None] {
            let mut header = json!({ "typ": "at+jwt", "alg": "ES256" });
            header[name] = value.clone();
            let answer = match &kid {
                Some(kid) if *kid != service.issuer.kid() => invalid_token(KEY),
                _ => invalid_token(SIGNATURE),
            };
            if let Some(kid) = kid {
                header["kid"] = json!(kid);
            }
            let mut claims = service.claims();
            claims["jku"] = json!(trap);
            let encode =
                |json: &Value| scopegate_jose::base64url::encode(json.to_string().as_bytes());
            let signed = format!("{}.{}", encode(&header), encode(&claims));
            let token = format!("{signed}.{}", stranger.signature(&signed).unwrap());
            service.expect(name, token, answer).await;
        }
    }
    // A URL in `iss` is not fetched either.
    let mut claims = service.claims();
    claims["iss"] = json!(trap);
    let token = service.sign(service.header().as_bytes(), claims.to_string().as_bytes());
    service.expect("iss", token, invalid_token("The access token is from another issuer")).await;
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    service.ends_well(28).await;
}

#[tokio::test]
async fn a_flood_of_unknown_kids_costs_one_fetch_per_cool_down() {
    let service = Service::start().await;
    let header = |kid: &str| json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid }).to_string();
    let forged = || service.sign(header(&random_token(16)).as_bytes(), b"{}");
    let before = service.issuer.fetches().keys;
    for round in 1..=5 {
        service.issuer.clock().advance(COOL_DOWN);
        for _ in 0..30 {
            service.expect("an unknown kid", forged(), invalid_token(KEY)).await;
        }
        service.expect("a good token meanwhile", service.good(), passes()).await;
        let fetched = service.issuer.fetches().keys - before;
        assert!(fetched <= round, "{fetched} fetches in {round} cool-downs");
    }
    // The flood does not delay a new key for longer than the cool-down.
    service.issuer.rotate();
    for _ in 0..20 {
        service.expect("an unknown kid", forged(), invalid_token(KEY)).await;
    }
    service.issuer.clock().advance(COOL_DOWN);
    for _ in 0..20 {
        service.expect("an unknown kid", forged(), invalid_token(KEY)).await;
    }
    service.expect("a token of the new key", service.good(), passes()).await;
    assert!(service.issuer.fetches().keys - before <= 7);
    service.ends_well(196).await;
}

#[tokio::test]
async fn a_concurrent_flood_shares_one_fetch() {
    let service = Service::start().await;
    service.issuer.clock().advance(COOL_DOWN);
    service.issuer.answer_after(Duration::from_millis(50));
    let before = service.issuer.fetches().keys;
    let header = |kid: &str| json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid }).to_string();
    let floods = (0..64).map(|_| {
        let token = service.sign(header(&random_token(16)).as_bytes(), b"{}");
        let service = &service;
        async move { service.expect("an unknown kid", token, invalid_token(KEY)).await }
    });
    futures_util::future::join_all(floods).await;
    assert!(service.issuer.fetches().keys - before <= 1);
    service.ends_well(64).await;
}

#[tokio::test]
async fn an_unreachable_issuer_changes_nothing_while_the_keys_are_cached() {
    let service = Service::start().await;
    service.issuer.go_down();
    let good = service.good();
    service.expect("a cached key", &good, passes()).await;
    service.issuer.clock().advance(Duration::from_secs(599 - 15));
    service.expect("the same, later", &good, passes()).await;
    for _ in 0..10 {
        let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
        let header = json!({ "alg": "ES256", "kid": service.issuer.kid() }).to_string();
        let encode = |json: &str| scopegate_jose::base64url::encode(json.as_bytes());
        let signed = format!("{}.{}", encode(&header), encode(&service.claims().to_string()));
        let token = format!("{signed}.{}", stranger.signature(&signed).unwrap());
        service.expect("a forgery", token, invalid_token(SIGNATURE)).await;
    }
    service.ends_well(12).await;
}
