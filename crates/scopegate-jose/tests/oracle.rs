//! Interoperability with the crate `jsonwebtoken`: each verifies the tokens that the other signs.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;

use jsonwebtoken as oracle;
use scopegate_jose::{
    Algorithm, AlgorithmSet, JoseError, JwkSet, KeySet, SigningKey, TokenType, UnverifiedJws,
};
use serde_json::{Value, json};

const DISTANT: u64 = 4_000_000_000;

fn theirs(algorithm: Algorithm) -> oracle::Algorithm {
    match algorithm {
        Algorithm::EdDsa => oracle::Algorithm::EdDSA,
        Algorithm::Es256 => oracle::Algorithm::ES256,
        Algorithm::Es384 => oracle::Algorithm::ES384,
        Algorithm::Ps256 => oracle::Algorithm::PS256,
        Algorithm::Rs256 => oracle::Algorithm::RS256,
    }
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
        Algorithm::Ps256 | Algorithm::Rs256 => oracle::EncodingKey::from_rsa_pem(pem.as_bytes()),
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
    for algorithm in Algorithm::ALL {
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
    for algorithm in Algorithm::ALL {
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
