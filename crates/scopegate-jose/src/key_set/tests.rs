use serde_json::{Value, json};

use super::*;
use crate::test_tokens::key;
use crate::{AlgorithmSet, SigningKey, TokenType, UnverifiedJws};

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

/// The first key that is tried under the default rules.
fn find<'k>(
    keys: &'k KeySet,
    kid: Option<&str>,
    algorithm: Algorithm,
) -> Result<&'k VerifyingKey, JoseError> {
    tried(keys, kid, algorithm).map(|tried| tried[0])
}

fn tried<'k>(
    keys: &'k KeySet,
    kid: Option<&str>,
    algorithm: Algorithm,
) -> Result<Vec<&'k VerifyingKey>, JoseError> {
    keys.candidates(kid, algorithm, AllowedAlgorithms::Usual).map(Iterator::collect)
}

#[test]
fn every_kind_of_key_is_read() {
    let set = parse(&Algorithm::SIGNING.iter().copied().map(jwk).collect::<Vec<_>>());
    assert!(set.set_aside.is_empty());
    for &algorithm in Algorithm::SIGNING {
        let kid = key(algorithm).kid();
        assert_eq!(find(&set.keys, Some(kid), algorithm).unwrap().kid(), Some(kid));
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
fn the_same_key_twice_is_kept_once() {
    let named = |algorithm| with(jwk(algorithm), json!({ "kid": "k" }));
    let set = parse(&[named(Algorithm::Rs256), named(Algorithm::Es256), named(Algorithm::Rs256)]);
    assert_eq!(problems(&set), [(2, KeyProblem::Duplicate)]);
    // A key without `alg` covers both paddings.
    let both = with(named(Algorithm::Rs256), json!({ "alg": null }));
    let set = parse(&[both.clone(), named(Algorithm::Rs256)]);
    assert_eq!(problems(&set), [(1, KeyProblem::Duplicate)]);
    let set = parse(&[named(Algorithm::Rs256), both]);
    assert_eq!(set.keys.len(), 2);
    let other_kid = with(jwk(Algorithm::Rs256), json!({ "kid": "other" }));
    assert_eq!(parse(&[named(Algorithm::Rs256), other_kid]).keys.len(), 2);
}

/// Different keys, all with the `kid` "k".
fn of_one_kid(count: usize) -> Vec<SigningKey> {
    let key = |_| SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid("k").unwrap();
    (0..count).map(key).collect()
}

#[test]
fn at_most_4_keys_with_one_kid_and_a_fitting_type_are_tried() {
    let signing = of_one_kid(5);
    let mut published: Vec<_> =
        signing.iter().map(|key| serde_json::to_value(key.public_jwk()).unwrap()).collect();
    // A key of another type is not counted.
    published.insert(0, with(jwk(Algorithm::Es256), json!({ "kid": "k" })));
    let set = parse(&published);
    assert_eq!((set.keys.len(), set.set_aside.len()), (6, 0));
    assert_eq!(tried(&set.keys, Some("k"), Algorithm::EdDsa).unwrap().len(), MAX_TRIED);
    assert_eq!(tried(&set.keys, Some("k"), Algorithm::Es256).unwrap().len(), 1);
    for (index, key) in signing.iter().enumerate() {
        let token = key.sign(TokenType::Jwt, &json!({})).unwrap();
        let jws = UnverifiedJws::parse(&token).unwrap();
        let verified = jws.verify(&set.keys, AlgorithmSet::all()).map(|_| ());
        let right = if index < 4 { Ok(()) } else { Err(JoseError::BadSignature) };
        assert_eq!(verified, right, "{index}");
    }
}

#[test]
fn a_key_is_found_by_kid_and_algorithm() {
    let set = parse(&[jwk(Algorithm::Rs256), jwk(Algorithm::Es256)]).keys;
    let kid = key(Algorithm::Rs256).kid();
    assert!(find(&set, Some(kid), Algorithm::Rs256).is_ok());
    let error = find(&set, Some(kid), Algorithm::Ps256).unwrap_err();
    assert_eq!(error, JoseError::AlgorithmNotAllowed);
    let error = find(&set, Some("other"), Algorithm::Rs256).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: Some("other".into()) });
    let error = find(&set, Some(""), Algorithm::Rs256).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: Some("".into()) });
}

/// Such a token must not start a fetch of newer keys.
#[test]
fn an_algorithm_outside_an_explicit_set_is_refused_before_a_key_is_looked_for() {
    let set = parse(&[jwk(Algorithm::Rs256)]).keys;
    let only = |algorithm| AllowedAlgorithms::Only(AlgorithmSet::of(&[algorithm]));
    for kid in [Some("other"), None] {
        let found = |allowed| set.candidates(kid, Algorithm::Es256, allowed).map(Iterator::count);
        assert_eq!(found(only(Algorithm::Rs256)), Err(JoseError::AlgorithmNotAllowed));
        let unknown = JoseError::UnknownKey { kid: kid.map(Box::from) };
        assert_eq!(found(only(Algorithm::Es256)), Err(unknown));
    }
}

#[test]
fn a_token_without_kid_needs_a_single_candidate() {
    let both = with(jwk(Algorithm::Rs256), json!({ "alg": null }));
    let set = parse(&[both, jwk(Algorithm::Ps256), jwk(Algorithm::Es256)]).keys;
    assert!(find(&set, None, Algorithm::Es256).is_ok());
    assert!(find(&set, None, Algorithm::Rs256).is_ok());
    assert_eq!(find(&set, None, Algorithm::Ps256).unwrap_err(), JoseError::AmbiguousKey);
    let error = find(&set, None, Algorithm::EdDsa).unwrap_err();
    assert_eq!(error, JoseError::UnknownKey { kid: None });
}

fn with_kids(kids: std::ops::Range<usize>) -> Vec<Value> {
    kids.map(|n| with(jwk(Algorithm::EdDsa), json!({ "kid": n.to_string() }))).collect()
}

#[test]
fn at_most_512_keys_are_kept() {
    let set = parse(&with_kids(0..512));
    assert_eq!((set.keys.len(), set.set_aside.len()), (512, 0));
    assert!(!set.has_too_many_keys());
    // Unusable entries do not count.
    let mut keys = vec![json!({ "kty": "oct", "k": "AA" }); 300];
    keys.extend(with_kids(0..515));
    let set = parse(&keys);
    assert_eq!(set.keys.len(), 512);
    let dropped: Vec<_> = problems(&set).split_off(300);
    assert_eq!(dropped, (812..815).map(|n| (n, KeyProblem::TooManyKeys)).collect::<Vec<_>>());
    assert!(set.has_too_many_keys());
    assert_eq!(set.set_aside[300].kid.as_deref(), Some("512"));
    let named = "the set holds more than 512 usable keys or 1024 entries";
    assert_eq!(KeyProblem::TooManyKeys.to_string(), named);
}

#[test]
fn every_one_of_512_keys_is_found_and_no_other() {
    let set = parse(&with_kids(0..512)).keys;
    for n in 0..512 {
        let kid = n.to_string();
        assert_eq!(find(&set, Some(&kid), Algorithm::EdDsa).unwrap().kid(), Some(&*kid));
        assert!(set.contains_kid(&kid));
    }
    for kid in ["512", "", "00", "a", "1 "] {
        let unknown = JoseError::UnknownKey { kid: Some(kid.into()) };
        assert_eq!(find(&set, Some(kid), Algorithm::EdDsa).unwrap_err(), unknown);
        assert!(!set.contains_kid(kid));
    }
}

#[test]
fn keys_without_kid_are_not_found_by_kid() {
    let mut keys = with_kids(0..3);
    keys.insert(1, with(jwk(Algorithm::Es256), json!({ "kid": null })));
    let set = parse(&keys).keys;
    assert_eq!(set.kids().collect::<Vec<_>>(), ["0", "1", "2"]);
    assert_eq!(find(&set, None, Algorithm::Es256).unwrap().kid(), None);
    let unknown = JoseError::UnknownKey { kid: Some("".into()) };
    assert_eq!(find(&set, Some(""), Algorithm::Es256).unwrap_err(), unknown);
}

#[test]
fn the_list_of_unusable_keys_is_bounded() {
    let mut keys = vec![json!({}); 5000];
    keys[MAX_ENTRIES - 1] = jwk(Algorithm::EdDsa);
    keys[MAX_ENTRIES] = jwk(Algorithm::Es256);
    let set = parse(&keys);
    assert_eq!(set.keys.kids().collect::<Vec<_>>(), [key(Algorithm::EdDsa).kid()]);
    assert_eq!(set.set_aside.len(), MAX_ENTRIES);
    assert_eq!(set.set_aside[MAX_ENTRIES - 1].problem, KeyProblem::TooManyKeys);
}

#[test]
fn a_key_set_of_more_than_1_mib_is_refused_unread() {
    let document = |len: usize| {
        let empty = r#"{"keys":[]}"#;
        format!("{empty}{}", " ".repeat(len - empty.len()))
    };
    assert!(KeySet::parse(document(MAX_KEY_SET_LEN).as_bytes()).is_ok());
    for len in [MAX_KEY_SET_LEN + 1, 10 * MAX_KEY_SET_LEN] {
        let error = KeySet::parse(document(len).as_bytes()).unwrap_err();
        assert_eq!(error, JoseError::KeySetTooLarge);
    }
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
