//! Input that a stranger or a broken issuer can send. Each is refused, or read within its bounds.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use scopegate_claims::{Audience, Issuer, UnixTime};
use scopegate_jose::{
    Algorithm, AlgorithmSet, AudienceRule, JoseError, KeyProblem, KeySet, MAX_KEY_SET_LEN, Rules,
    SigningKey, UnverifiedJws, base64url, verify_access_token,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn rules() -> Rules {
    let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
    Rules::new(Issuer::parse(ISSUER).unwrap(), audience)
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "api://orders", "exp": NOW.as_seconds() + 60, "scope": "read" })
}

fn token(key: &SigningKey, header: Value, claims: Value) -> String {
    let encode = |json: Value| base64url::encode(json.to_string().as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key.signature(&signed).unwrap();
    format!("{signed}.{signature}")
}

fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// Distinct RSA keys. Only their numbers matter here.
fn rsa_keys(count: u32, bytes: usize) -> Vec<Value> {
    let key = |n: u32| {
        let mut modulus = vec![0xff; bytes];
        modulus[8..12].copy_from_slice(&n.to_be_bytes());
        json!({ "kty": "RSA", "kid": format!("k{n}"), "n": base64url::encode(&modulus), "e": "AQAB" })
    };
    (0..count).map(key).collect()
}

#[test]
fn of_a_thousand_keys_512_are_kept() {
    let read = KeySet::parse(key_set(&rsa_keys(1000, 256)).as_bytes()).unwrap();
    assert_eq!((read.keys.len(), read.set_aside.len()), (512, 488));
    assert!(read.set_aside.iter().all(|entry| entry.problem == KeyProblem::TooManyKeys));
    assert!(read.has_too_many_keys());
    assert!(read.keys.contains_kid("k511") && !read.keys.contains_kid("k512"));
}

#[test]
fn a_thousand_keys_of_one_kid_cost_four_verifications() {
    let mut keys = rsa_keys(1000, 256);
    keys.iter_mut().for_each(|key| key["kid"] = "k".into());
    let signing = SigningKey::generate(Algorithm::Rs256).unwrap().with_kid("k").unwrap();
    let own = serde_json::to_value(signing.public_jwk()).unwrap();
    let good = token(&signing, json!({ "alg": "RS256", "kid": "k" }), claims());
    let verify_with = |place: usize| {
        let mut keys = keys.clone();
        keys.insert(place, own.clone());
        let keys = KeySet::parse(key_set(&keys).as_bytes()).unwrap().keys;
        verify_access_token(&good, &keys, &rules(), NOW).map(|_| ())
    };
    assert_eq!(verify_with(3), Ok(()));
    assert_eq!(verify_with(4), Err(JoseError::BadSignature));
}

#[test]
fn a_key_set_of_10_mib_is_refused_unread() {
    let large = key_set(&rsa_keys(30_000, 256));
    assert!(large.len() > 10 * MAX_KEY_SET_LEN);
    assert_eq!(KeySet::parse(large.as_bytes()).unwrap_err(), JoseError::KeySetTooLarge);
}

#[test]
fn keys_that_are_too_large_are_set_aside() {
    let read = KeySet::parse(key_set(&rsa_keys(300, 1025)).as_bytes()).unwrap();
    assert!(read.keys.is_empty());
    let problem = KeyProblem::RsaTooLarge { bits: 8200 };
    assert!(read.set_aside.iter().all(|entry| entry.problem == problem));
}

#[test]
fn a_kid_of_512_bytes_is_a_kid() {
    let kid = "k".repeat(512);
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid(&kid).unwrap();
    let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
    let good = token(&key, json!({ "alg": "ES256", "kid": kid }), claims());
    assert!(verify_access_token(&good, &keys, &rules(), NOW).is_ok());
    let unknown = format!("{}x", &kid[1..]);
    let other = token(&key, json!({ "alg": "ES256", "kid": unknown }), claims());
    let error = verify_access_token(&other, &keys, &rules(), NOW).unwrap_err();
    assert_eq!(error.kid(), Some(&*unknown));
    assert!(error.details().unwrap().len() < 300, "a log shows a part of it");
}

#[test]
fn a_claim_of_10_kb_is_another_issuer_or_audience() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
    for (name, reason) in [("iss", "wrong_issuer"), ("aud", "wrong_audience")] {
        let mut claims = claims();
        claims[name] = format!("{ISSUER}{}", "x".repeat(10_000)).into();
        let token = token(&key, json!({ "alg": "ES256", "kid": key.kid() }), claims);
        let error = verify_access_token(&token, &keys, &rules(), NOW).unwrap_err();
        assert_eq!(error.reason(), reason);
        assert!(error.details().unwrap().len() < 400);
        assert!(format!("{error:?}").len() < 500);
    }
}

/// The header chooses among the algorithms of the key, never another kind of key.
#[test]
fn no_algorithm_verifies_with_a_key_of_another_type() {
    for &signing in Algorithm::SIGNING {
        let key = SigningKey::generate(signing).unwrap();
        let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
        jwk.as_object_mut().unwrap().remove("alg");
        let keys = KeySet::parse(key_set(&[jwk]).as_bytes()).unwrap().keys;
        for &named in Algorithm::ALL {
            for kid in [json!({ "kid": key.kid() }), json!({})] {
                let mut header = kid;
                header["alg"] = named.name().into();
                let token = token(&key, header, claims());
                let jws = UnverifiedJws::parse(&token).unwrap();
                for allowed in [AlgorithmSet::all(), AlgorithmSet::usual()] {
                    assert_eq!(jws.verify(&keys, allowed).is_ok(), named == signing, "{named}");
                }
                let verified = verify_access_token(&token, &keys, &rules(), NOW);
                assert_eq!(verified.is_ok(), named == signing, "{named} by {signing}");
            }
        }
        // The public key as the secret of an HMAC, and no signature at all.
        for named in ["HS256", "HS512", "none"] {
            let token = token(&key, json!({ "alg": named, "kid": key.kid() }), claims());
            let error = verify_access_token(&token, &keys, &rules(), NOW).unwrap_err();
            assert_eq!(error, JoseError::AlgorithmNotAllowed);
        }
    }
}
