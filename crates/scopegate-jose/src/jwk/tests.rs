use super::*;

const RFC_8037: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

fn with(members: &str) -> Result<Jwk, KeyProblem> {
    Jwk::parse(&format!("{{{P256}{members}}}"))
}

#[test]
fn rfc_7638_section_3_1_thumbprint() {
    let json = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let key = Jwk::parse(json).unwrap();
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.kid(), Some("2011-04-29"));
    assert_eq!(key.algorithms(), AlgorithmSet::of(&[Algorithm::Rs256]));
}

#[test]
fn rfc_8037_appendix_a_3_thumbprint() {
    let key = Jwk::parse(RFC_8037).unwrap();
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_key_without_alg_allows_all_algorithms_of_its_type() {
    assert_eq!(with("").unwrap().algorithms(), AlgorithmSet::of(&[Algorithm::Es256]));
    assert_eq!(with("").unwrap().algorithm(), None);
    let n = base64url::encode(&[0xff; 256]);
    let rsa = Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
    assert_eq!(rsa.algorithms(), AlgorithmSet::of(&[Algorithm::Ps256, Algorithm::Rs256]));
}

#[test]
fn a_written_key_is_read_back_unchanged() {
    for key in [with(r#","alg":"ES256","kid":"k""#).unwrap(), Jwk::parse(RFC_8037).unwrap()] {
        let json = serde_json::to_string(&key).unwrap();
        assert!(json.contains(r#""use":"sig""#));
        assert_eq!(Jwk::parse(&json).unwrap(), key);
        assert_eq!(serde_json::from_str::<Jwk>(&json).unwrap(), key);
        assert_eq!(
            serde_json::from_value::<Jwk>(serde_json::to_value(&key).unwrap()).unwrap(),
            key
        );
    }
    let set: JwkSet = [with("").unwrap().with_kid("a")].into_iter().collect();
    assert!(serde_json::to_string(&set).unwrap().starts_with(r#"{"keys":[{"kty":"EC","#));
}

#[test]
fn only_keys_for_verifying_are_accepted() {
    assert!(with(r#","use":"sig","key_ops":["verify","sign"]"#).is_ok());
    for (members, problem) in [
        (r#","use":"enc""#, KeyProblem::NotForSignatures),
        (r#","use":"SIG""#, KeyProblem::NotForSignatures),
        (r#","use":1"#, KeyProblem::WrongType("use")),
        (r#","key_ops":["sign"]"#, KeyProblem::NotForThisOperation),
        (r#","key_ops":[]"#, KeyProblem::NotForThisOperation),
        (r#","key_ops":"verify""#, KeyProblem::WrongType("key_ops")),
        (r#","key_ops":["verify",1]"#, KeyProblem::WrongType("key_ops")),
        (r#","alg":"ES384""#, KeyProblem::AlgorithmOfAnotherType),
        (r#","alg":"RS256""#, KeyProblem::AlgorithmOfAnotherType),
        (r#","alg":"HS256""#, KeyProblem::UnsupportedAlgorithm),
        (r#","alg":"none""#, KeyProblem::UnsupportedAlgorithm),
        (r#","alg":"ECDH-ES""#, KeyProblem::UnsupportedAlgorithm),
        (r#","alg":["ES256"]"#, KeyProblem::WrongType("alg")),
        (r#","kid":1"#, KeyProblem::WrongType("kid")),
        (r#","kty":"EC""#, KeyProblem::DuplicateMember),
        (r#","q1":1,"q1":1"#, KeyProblem::DuplicateMember),
    ] {
        assert_eq!(with(members), Err(problem), "{members}");
    }
}

#[test]
fn private_and_symmetric_keys_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let members = format!(r#","{member}":"AA""#);
        assert_eq!(with(&members), Err(KeyProblem::PrivateMaterial), "{member}");
    }
    assert_eq!(with(r#","d":null"#), Err(KeyProblem::PrivateMaterial));
    assert_eq!(Jwk::parse(r#"{"kty":"oct","k":"AA"}"#), Err(KeyProblem::Symmetric));
    assert_eq!(Jwk::parse(r#"{"kty":"oct"}"#), Err(KeyProblem::Symmetric));
}

#[test]
fn an_invalid_key_is_refused_with_a_reason() {
    let okp = |x: &str| Jwk::parse(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":{x}}}"#));
    assert_eq!(okp(r#""AA""#), Err(KeyProblem::WrongLength("x")));
    assert_eq!(okp(r#""AA==""#), Err(KeyProblem::BadEncoding("x")));
    assert_eq!(okp("7"), Err(KeyProblem::WrongType("x")));
    for (json, problem) in [
        ("", KeyProblem::NotAnObject),
        ("[]", KeyProblem::NotAnObject),
        ("null", KeyProblem::NotAnObject),
        ("{}", KeyProblem::Missing("kty")),
        (r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#, KeyProblem::UnsupportedType),
        (r#"{"kty":"ec"}"#, KeyProblem::UnsupportedType),
        (r#"{"kty":"RSA","e":"AQAB"}"#, KeyProblem::Missing("n")),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, KeyProblem::UnsupportedCurve),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, KeyProblem::UnsupportedCurve),
        (r#"{"kty":"EC","x":"AA","y":"AA"}"#, KeyProblem::Missing("crv")),
        (r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, KeyProblem::UnsupportedCurve),
        (r#"{"kty":"OKP","crv":"Ed448","x":"AA"}"#, KeyProblem::UnsupportedCurve),
        (r#"{"kty":"OKP","crv":"Ed25519"}"#, KeyProblem::Missing("x")),
    ] {
        assert_eq!(Jwk::parse(json), Err(problem), "{json}");
    }
}

#[test]
fn a_null_member_counts_as_absent() {
    assert_eq!(with(r#","kid":null,"use":null,"key_ops":null,"alg":null"#), with(""));
    assert_eq!(Jwk::parse(r#"{"kty":null}"#), Err(KeyProblem::Missing("kty")));
}
