use std::time::Duration;

use scopegate::{Algorithm, KeySet};
use scopegate_testkit::Broken;
use serde_json::json;

use crate::protected_api::Api;

#[tokio::test]
async fn s3_1_the_key_determines_the_algorithm_and_not_the_token() {
    let api = Api::start().await;
    api.ask(&api.good()).await.passes();
    for broken in [
        Broken::AlgorithmNone,
        Broken::AlgorithmNoneWithSignature,
        Broken::AnotherAlgorithm,
        Broken::HmacWithPublicKey,
    ] {
        api.ask(&api.broken(broken)).await.is_invalid_token();
    }
}

#[tokio::test]
async fn s3_1_the_service_restricts_the_algorithms() {
    let api = Api::start_with(|builder| builder.algorithms([Algorithm::EdDsa])).await;
    api.ask(&api.good()).await.is_invalid_token();
    api.issuer.rotate_to(Algorithm::EdDsa);
    api.issuer.clock().advance(Duration::from_secs(15));
    api.ask(&api.good()).await.passes();
}

#[tokio::test]
async fn s3_2_only_secure_algorithms_are_supported() {
    let api = Api::start().await;
    api.ask(&api.good()).await.passes();
    let claims = api.claims_with(json!({}));
    for algorithm in
        ["none", "NONE", "HS256", "HS512", "RS1", "ES256K", "RSA1_5", "dir", "es256", ""]
    {
        let token = api.signed(&api.header_with(json!({ "alg": algorithm })), &claims);
        api.ask(&token).await.is_invalid_token();
    }
}

/// The signature covers header and payload, and any cryptographic failure refuses the token.
#[tokio::test]
async fn s3_3_every_change_of_a_token_is_detected() {
    let api = Api::start().await;
    let good = api.good();
    let other = api.issuer.token().subject("u2").scope("read:orders write:orders").sign();
    let [good_parts, other_parts] =
        [&good, &other].map(|token| token.split('.').collect::<Vec<_>>());
    let mixed = [
        format!("{}.{}.{}", good_parts[0], other_parts[1], good_parts[2]),
        format!("{}.{}.{}", good_parts[0], good_parts[1], other_parts[2]),
        api.broken(Broken::EmptySignature),
        api.broken(Broken::SignatureChanged),
        api.broken(Broken::ClaimsChanged),
        api.broken(Broken::TwoSegments),
    ];
    for token in mixed {
        api.ask(&token).await.is_invalid_token();
    }
    api.ask(&good).await.passes();
    api.ask(&other).await.passes();
}

/// A point that is not on the curve is not a valid key.
#[test]
fn s3_4_keys_are_validated_before_they_are_used() {
    let key = |y: &str| {
        let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
        let key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap()
    };
    let on_the_curve = key("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    assert_eq!((on_the_curve.keys.len(), on_the_curve.set_aside.len()), (1, 0));
    for elsewhere in [
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5Q",
    ] {
        let read = key(elsewhere);
        assert_eq!((read.keys.len(), read.set_aside.len()), (0, 1), "{elsewhere}");
    }
}

/// No passwords as keys, no RSA below 2048 bits (RFC 7518 §3.3).
#[test]
fn s3_5_weak_keys_are_not_used() {
    let rsa = |octets: usize| {
        let mut modulus = vec![0xd5; octets];
        modulus[octets - 1] |= 1;
        json!({ "kty": "RSA", "e": "AQAB", "n": scopegate_jose::base64url::encode(&modulus) })
    };
    let is_used = |key: serde_json::Value| {
        let document = json!({ "keys": [key] }).to_string();
        !KeySet::parse(document.as_bytes()).unwrap().keys.is_empty()
    };
    assert!(is_used(rsa(256)));
    assert!(!is_used(rsa(128)) && !is_used(rsa(255)));
    assert!(!is_used(json!({ "kty": "oct", "k": "cGFzc3dvcmQ", "alg": "HS256" })));
}
