//! Interoperability with the crate `jsonwebtoken`: each verifies the tokens that the other signs.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;

use jsonwebtoken as oracle;
use scopegate_claims::{Audience, Issuer, UnixTime};
use scopegate_jose::{
    Algorithm, AlgorithmSet, AudienceRule, JoseError, Jwk, JwkSet, KeyProblem, KeySet, Rules,
    SigningKey, TokenType, UnverifiedJws, base64url, verify_access_token,
};
use serde_json::{Value, json};

const DISTANT: u64 = 4_000_000_000;

fn theirs(algorithm: Algorithm) -> oracle::Algorithm {
    algorithm.name().parse().unwrap()
}

fn encoding_key(key: &SigningKey) -> oracle::EncodingKey {
    let der = key.to_pkcs8().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        base64_simd::STANDARD.encode_to_string(&*der)
    );
    match key.algorithm() {
        Algorithm::EdDsa => oracle::EncodingKey::from_ed_pem(pem.as_bytes()),
        Algorithm::Es256 | Algorithm::Es384 => oracle::EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => oracle::EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

fn validation(algorithm: Algorithm) -> oracle::Validation {
    let mut validation = oracle::Validation::new(theirs(algorithm));
    validation.set_audience(&["api://orders"]);
    validation
}

#[test]
fn the_other_crate_verifies_our_tokens() {
    for &algorithm in Algorithm::SIGNING {
        let key = SigningKey::generate(algorithm).unwrap();
        let claims = json!({ "aud": "api://orders", "exp": DISTANT, "name": "Zoë" });
        let token = key.sign(TokenType::AccessToken, &claims).unwrap();

        // Our published key set is read by the other crate.
        let set: JwkSet = [key.public_jwk()].into_iter().collect();
        let set: oracle::jwk::JwkSet =
            serde_json::from_value(serde_json::to_value(&set).unwrap()).unwrap();
        let header = oracle::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let jwk = set.find(&header.kid.unwrap()).unwrap();
        assert_eq!(
            jwk.thumbprint(oracle::jwk::ThumbprintHash::SHA256).unwrap(),
            key.kid(),
            "{algorithm}"
        );

        let decoding_key = oracle::DecodingKey::from_jwk(jwk).unwrap();
        let data = oracle::decode::<Value>(&token, &decoding_key, &validation(algorithm)).unwrap();
        assert_eq!(data.claims, claims, "{algorithm}");

        let mut other = token.into_bytes();
        let at = other.len() - 20;
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        assert!(oracle::decode::<Value>(&other, &decoding_key, &validation(algorithm)).is_err());
    }
}

#[test]
fn we_verify_tokens_of_the_other_crate() {
    for &algorithm in Algorithm::SIGNING {
        let key = SigningKey::generate(algorithm).unwrap();
        let mut header = oracle::Header::new(theirs(algorithm));
        header.kid = Some(key.kid().to_owned());
        let claims = BTreeMap::from([("aud", json!("api://orders")), ("exp", json!(DISTANT))]);
        let token = oracle::encode(&header, &claims, &encoding_key(&key)).unwrap();

        let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
        let jws = UnverifiedJws::parse(&token).unwrap();
        let verified = jws.verify(&keys, AlgorithmSet::of(&[algorithm])).unwrap();
        assert_eq!(verified.deserialize::<Value>().unwrap()["exp"], DISTANT, "{algorithm}");

        let other = SigningKey::generate(algorithm).unwrap().with_kid(key.kid()).unwrap();
        let keys = KeySet::from_keys([other.verifying_key().unwrap()]);
        let error = jws.verify(&keys, AlgorithmSet::all()).unwrap_err();
        assert_eq!(error, JoseError::BadSignature, "{algorithm}");
    }
}

/// The algorithms of an RSA key.
const RSA: [Algorithm; 6] = [
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

/// A key set with the public half of this key and another `alg`.
fn published(key: &SigningKey, alg: Option<Algorithm>) -> KeySet {
    let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
    jwk["alg"] = alg.map(Algorithm::name).into();
    let read = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    assert!(read.set_aside.is_empty());
    read.keys
}

/// A token whose header names one algorithm, signed with another by the other crate.
fn token_of_rsa(key: &SigningKey, named: Algorithm, used: Algorithm) -> String {
    let encode = |json: Value| base64url::encode(json.to_string().as_bytes());
    let header = encode(json!({ "alg": named, "kid": key.kid() }));
    let payload = encode(json!({
        "iss": "https://id.example.com", "aud": "api://orders", "exp": DISTANT, "scope": "read",
    }));
    let signed = format!("{header}.{payload}");
    let signature =
        oracle::crypto::sign(signed.as_bytes(), &encoding_key(key), theirs(used)).unwrap();
    format!("{signed}.{signature}")
}

#[test]
fn every_rsa_algorithm_verifies_its_own_signatures_only() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let any = published(&key, None);
    for used in RSA {
        for named in RSA {
            let token = token_of_rsa(&key, named, used);
            let jws = UnverifiedJws::parse(&token).unwrap();
            let by_any = jws.verify(&any, AlgorithmSet::all()).map(|jws| jws.algorithm());
            let right = if used == named { Ok(named) } else { Err(JoseError::BadSignature) };
            assert_eq!(by_any, right, "{named} by {used}");
            // The `alg` of the key decides before the signature is looked at.
            let by_used = jws.verify(&published(&key, Some(used)), AlgorithmSet::all());
            let by_used = by_used.map(|jws| jws.algorithm());
            let right = if used == named { Ok(named) } else { Err(JoseError::AlgorithmNotAllowed) };
            assert_eq!(by_used, right, "{named} by a key for {used}");
        }
    }
}

#[test]
fn rules_take_an_unusual_algorithm_only_where_they_or_the_key_name_it() {
    let key = SigningKey::generate(Algorithm::Rs256).unwrap();
    let issuer = Issuer::parse("https://id.example.com").unwrap();
    let rules =
        Rules::new(issuer, AudienceRule::any_of([Audience::parse("api://orders").unwrap()]));
    let verify = |alg: Option<Algorithm>, rules: &Rules, named: Algorithm| {
        let token = token_of_rsa(&key, named, named);
        let now = UnixTime::from_seconds(1_700_000_000);
        verify_access_token(&token, &published(&key, alg), rules, now).map(|_| ())
    };
    let only = |algorithm| rules.clone().with_algorithms(AlgorithmSet::of(&[algorithm]));
    for algorithm in RSA {
        let usual = if algorithm.can_sign() { Ok(()) } else { Err(JoseError::AlgorithmNotAllowed) };
        assert_eq!(verify(None, &rules, algorithm), usual, "{algorithm}");
        assert_eq!(verify(Some(algorithm), &rules, algorithm), Ok(()), "{algorithm}");
        assert_eq!(verify(None, &only(algorithm), algorithm), Ok(()), "{algorithm}");
        // A key does not widen the rules.
        let other = RSA.into_iter().find(|other| *other != algorithm).unwrap();
        let refused = verify(Some(algorithm), &only(other), algorithm);
        assert_eq!(refused, Err(JoseError::AlgorithmNotAllowed), "{algorithm}");
    }
}

/// RFC 9864 §2.2.
#[test]
fn ed25519_has_two_names() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    for in_header in ["EdDSA", "Ed25519"] {
        for in_key in [json!("EdDSA"), json!("Ed25519"), Value::Null] {
            let encode = |json: Value| base64url::encode(json.to_string().as_bytes());
            let header = encode(json!({ "alg": in_header, "kid": key.kid() }));
            let signed = format!("{header}.{}", encode(json!({})));
            let token = format!("{signed}.{}", key.signature(&signed).unwrap());
            let mut jwk = serde_json::to_value(key.public_jwk()).unwrap();
            jwk["alg"] = in_key.clone();
            let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap().keys;
            let jws = UnverifiedJws::parse(&token).unwrap();
            let verified = jws.verify(&keys, AlgorithmSet::usual()).unwrap();
            assert_eq!(verified.algorithm(), Algorithm::EdDsa, "{in_header}, {in_key}");
        }
    }
    assert_eq!(serde_json::to_value(key.public_jwk()).unwrap()["alg"], "EdDSA");
}

#[test]
fn ed448_is_refused() {
    let header = base64url::encode(br#"{"alg":"Ed448"}"#);
    let refused = UnverifiedJws::parse(&format!("{header}.e30.AAAA")).unwrap_err();
    assert_eq!(refused, JoseError::AlgorithmNotAllowed);
    let key = |members: &str| {
        let x = base64url::encode(&[7; 57]);
        Jwk::parse(&format!(r#"{{"kty":"OKP","x":"{x}"{members}}}"#)).unwrap_err()
    };
    for members in [r#","crv":"Ed448""#, r#","crv":"Ed448","alg":"EdDSA""#] {
        assert_eq!(key(members), KeyProblem::UnsupportedCurve, "{members}");
    }
    assert_eq!(key(r#","crv":"Ed448","alg":"Ed448""#), KeyProblem::UnsupportedAlgorithm);
}

#[test]
fn an_hmac_token_of_the_other_crate_is_refused() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let secret = serde_json::to_vec(&key.public_jwk()).unwrap();
    let token = oracle::encode(
        &oracle::Header::new(oracle::Algorithm::HS256),
        &json!({ "exp": DISTANT }),
        &oracle::EncodingKey::from_secret(&secret),
    )
    .unwrap();
    assert_eq!(UnverifiedJws::parse(&token).unwrap_err(), JoseError::AlgorithmNotAllowed);
}
