use serde_json::{Value, json};

use super::*;
use crate::test_tokens::key;

fn jwk(algorithm: Algorithm) -> Value {
    serde_json::to_value(key(algorithm).public_jwk()).unwrap()
}

/// The same key with other members. `null` removes a member.
fn with(jwk: Value, members: Value) -> Value {
    let (Value::Object(mut object), Value::Object(members)) = (jwk, members) else {
        panic!("both are objects");
    };
    object.extend(members);
    object.retain(|_, value| !value.is_null());
    Value::Object(object)
}

fn parse(keys: &[Value]) -> ParsedKeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn problems(set: &ParsedKeySet) -> Vec<(usize, KeyProblem)> {
    set.set_aside.iter().map(|entry| (entry.index, entry.problem)).collect()
}

#[test]
fn every_kind_of_key_is_read() {
    let set = parse(&Algorithm::SIGNING.iter().copied().map(jwk).collect::<Vec<_>>());
    assert!(set.set_aside.is_empty());
    for &algorithm in Algorithm::SIGNING {
        let kid = key(algorithm).kid();
        assert_eq!(
            set.keys.find(Some(kid), algorithm, AllowedAlgorithms::Usual).unwrap().kid(),
            Some(kid)
        );
    }
}

#[test]
fn unusable_keys_are_set_aside_and_the_others_are_used() {
    let good = jwk(Algorithm::Es256);
    let document = format!(
        r#"{{"x":[{{}}],"keys":[
            null, 7, [], "key", {{}},
            {{"kty":"oct","kid":"secret","k":"AA"}},
            {{"kty":"AKP","kid":"pq","alg":"ML-DSA-44","pub":"AA"}},
            {{"kty":"RSA","kid":"enc","use":"enc","n":"AA","e":"AQAB"}},
            {{"kty":"RSA","kid":"small","n":"{small}","e":"AQAB"}},
            {{"kid":"twice","kid":"twice","kty":"OKP"}},
            {{"kid":1e999,"kty":"OKP"}},
            {{"kid":"deep","kty":{deep}}},
            {{"kid":"\ud800","kty":"OKP"}},
            {good}
        ]}}"#,
        small = crate::base64url::encode(&[0xff; 128]),
        deep = format_args!("{}{}", "[".repeat(2000), "]".repeat(2000)),
    );
    let set = KeySet::parse(document.as_bytes()).unwrap();
    assert_eq!(set.keys.kids().collect::<Vec<_>>(), [key(Algorithm::Es256).kid()]);
    assert_eq!(
        problems(&set),
        [
            (0, KeyProblem::NotAnObject),
            (1, KeyProblem::NotAnObject),
            (2, KeyProblem::NotAnObject),
            (3, KeyProblem::NotAnObject),
            (4, KeyProblem::Missing("kty")),
            (5, KeyProblem::Symmetric),
            (6, KeyProblem::UnsupportedType),
            (7, KeyProblem::NotForSignatures),
            (8, KeyProblem::RsaTooWeak { bits: 1024 }),
            (9, KeyProblem::DuplicateMember),
            (10, KeyProblem::NotAnObject),
            (11, KeyProblem::NotAnObject),
            (12, KeyProblem::NotAnObject),
        ]
    );
    assert_eq!(set.set_aside[5].kid.as_deref(), Some("secret"));
    assert_eq!(set.set_aside[6].kid.as_deref(), Some("pq"));
}

#[test]
fn a_private_key_is_set_aside() {
    let private = with(jwk(Algorithm::Es256), json!({ "d": "AA" }));
    assert_eq!(problems(&parse(&[private])), [(0, KeyProblem::PrivateMaterial)]);
}

#[test]
fn the_first_of_two_keys_with_the_same_kid_and_algorithm_is_used() {
    let named = |algorithm| with(jwk(algorithm), json!({ "kid": "k" }));
    let set = parse(&[named(Algorithm::Rs256), named(Algorithm::Es256), named(Algorithm::Rs256)]);
    assert_eq!(problems(&set), [(2, KeyProblem::Duplicate)]);
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let found = set.keys.find(Some("k"), algorithm, AllowedAlgorithms::Usual).unwrap();
        assert!(found.algorithms().contains(algorithm));
    }
    // A key without `alg` covers both paddings.
    let both = with(named(Algorithm::Rs256), json!({ "alg": null }));
    let set = parse(&[both.clone(), named(Algorithm::Ps256)]);
    assert_eq!(problems(&set), [(1, KeyProblem::Duplicate)]);
    let set = parse(&[named(Algorithm::Ps256), both]);
    assert_eq!(set.keys.len(), 2);
}

#[test]
fn keys_without_kid_are_not_duplicates() {
    let nameless = with(jwk(Algorithm::Es256), json!({ "kid": null }));
    assert_eq!(parse(&[nameless.clone(), nameless]).keys.len(), 2);
}

#[test]
fn a_key_is_found_by_kid_and_algorithm() {
    let set = parse(&[jwk(Algorithm::Rs256), jwk(Algorithm::Es256)]).keys;
    let kid = key(Algorithm::Rs256).kid();
    assert!(set.find(Some(kid), Algorithm::Rs256, AllowedAlgorithms::Usual).is_ok());
    let error = set.find(Some(kid), Algorithm::Ps256, AllowedAlgorithms::Usual).unwrap_err();
    assert_eq!(error, JoseError::AlgorithmNotAllowed);
    let error = set.find(Some("other"), Algorithm::Rs256, AllowedAlgorithms::Usual).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: Some("other".into()) });
    let error = set.find(Some(""), Algorithm::Rs256, AllowedAlgorithms::Usual).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: Some("".into()) });
}

#[test]
fn a_token_without_kid_needs_a_single_candidate() {
    let both = with(jwk(Algorithm::Rs256), json!({ "alg": null }));
    let set = parse(&[both, jwk(Algorithm::Ps256), jwk(Algorithm::Es256)]).keys;
    assert!(set.find(None, Algorithm::Es256, AllowedAlgorithms::Usual).is_ok());
    assert!(set.find(None, Algorithm::Rs256, AllowedAlgorithms::Usual).is_ok());
    assert_eq!(
        set.find(None, Algorithm::Ps256, AllowedAlgorithms::Usual).unwrap_err(),
        JoseError::AmbiguousKey
    );
    let error = set.find(None, Algorithm::EdDsa, AllowedAlgorithms::Usual).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: None });
}

#[test]
fn at_most_64_keys_are_kept() {
    let keys: Vec<_> =
        (0..70).map(|n| with(jwk(Algorithm::EdDsa), json!({ "kid": n.to_string() }))).collect();
    let set = parse(&keys);
    assert_eq!(set.keys.len(), MAX_KEYS);
    assert_eq!(problems(&set), (64..70).map(|n| (n, KeyProblem::TooManyKeys)).collect::<Vec<_>>());
}

#[test]
fn the_list_of_unusable_keys_is_bounded() {
    let mut keys = vec![json!({}); 5000];
    keys[300] = jwk(Algorithm::EdDsa);
    let set = parse(&keys);
    assert!(set.keys.is_empty());
    assert_eq!(set.set_aside.len(), MAX_ENTRIES + 1);
    assert_eq!(set.set_aside[MAX_ENTRIES].problem, KeyProblem::TooManyKeys);
}

#[test]
fn a_document_that_is_not_a_key_set_is_an_error() {
    for document in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":[]}x"#,
        r#"{"keys":[]"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[{]}"#,
        "<html></html>",
    ] {
        let error = KeySet::parse(document.as_bytes()).unwrap_err();
        assert_eq!(error, JoseError::InvalidKeySet, "{document}");
    }
    assert!(KeySet::parse(br#"{"keys":[]}"#).unwrap().keys.is_empty());
    let large = format!(r#"{{"keys":[]}}{}"#, " ".repeat(MAX_KEY_SET_LEN));
    assert_eq!(KeySet::parse(large.as_bytes()).unwrap_err(), JoseError::KeySetTooLarge);
}

proptest::proptest! {
    #[test]
    fn no_document_makes_the_parser_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = KeySet::parse(&bytes);
    }

    #[test]
    fn no_damaged_key_makes_the_parser_panic(at in 0..1000_usize, byte in proptest::prelude::any::<u8>()) {
        let mut document = json!({ "keys": [jwk(Algorithm::Es256), jwk(Algorithm::EdDsa)] })
            .to_string()
            .into_bytes();
        let at = at % document.len();
        document[at] = byte;
        let _ = KeySet::parse(&document);
    }
}
