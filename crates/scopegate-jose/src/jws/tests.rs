use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::test_tokens::{altered, key, keys, token};
use crate::{SigningKey, TokenType, VerifyingKey};

const ALL: AlgorithmSet = AlgorithmSet::all();

fn verify(token: &str, keys: &KeySet) -> Result<VerifiedJws, JoseError> {
    UnverifiedJws::parse(token)?.verify(keys, ALL)
}

/// The error for a token that must not pass.
fn refusal(token: &str, keys: &KeySet) -> JoseError {
    verify(token, keys).unwrap_err()
}

fn good(algorithm: Algorithm) -> String {
    key(algorithm).sign(TokenType::AccessToken, &json!({ "sub": "alice" })).unwrap()
}

fn set_of(jwk: &str) -> KeySet {
    KeySet::from_keys([VerifyingKey::from_jwk(&crate::Jwk::parse(jwk).unwrap()).unwrap()])
}

const RFC_7515_PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_appendix_a_2_rs256() {
    let keys = set_of(
        r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
    );
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{RFC_7515_PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let payload: serde_json::Value = verify(&token, &keys).unwrap().deserialize().unwrap();
    assert_eq!(payload["iss"], "joe");
    // The same signature with the name of another padding scheme.
    let other = altered(&token, |segments| segments[0] = base64url::encode(br#"{"alg":"PS256"}"#));
    assert_eq!(refusal(&other, &keys), JoseError::BadSignature);
}

#[test]
fn rfc_7515_appendix_a_3_es256() {
    let keys = set_of(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    );
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{RFC_7515_PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let verified = verify(&token, &keys).unwrap();
    assert_eq!(verified.algorithm(), Algorithm::Es256);
    assert_eq!(verified.kid(), None);
}

#[test]
fn rfc_8037_appendix_a_5_ed25519() {
    let keys = set_of(
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    );
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(verify(token, &keys).unwrap().payload(), b"Example of Ed25519 signing");
}

/// RFC 7515 appendix A.1 (HMAC) and A.5 (unsecured).
#[test]
fn unsigned_tokens_and_hmac_are_refused_by_their_header_alone() {
    for token in [
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
    ] {
        assert_eq!(UnverifiedJws::parse(token).unwrap_err(), JoseError::AlgorithmNotAllowed);
    }
}

/// The algorithm confusion of RFC 8725 §2.1: an attacker uses the public key as an HMAC secret.
#[test]
fn a_public_key_is_not_accepted_as_hmac_secret() {
    let key = key(Algorithm::Rs256);
    let public = serde_json::to_vec(&key.public_jwk()).unwrap();
    let signed = format!(
        "{}.{}",
        base64url::encode(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, key.kid()).as_bytes()),
        base64url::encode(b"{}"),
    );
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public);
    let tag = aws_lc_rs::hmac::sign(&secret, signed.as_bytes());
    let token = format!("{signed}.{}", base64url::encode(tag.as_ref()));
    assert_eq!(refusal(&token, &keys(&[Algorithm::Rs256])), JoseError::AlgorithmNotAllowed);
}

#[test]
fn a_key_in_the_header_is_never_used() {
    let attacker = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(&attacker.public_jwk()).unwrap();
    let honest = key(Algorithm::Es256);
    let keys = keys(&[Algorithm::Es256]);
    let header = format!(r#"{{"alg":"ES256","kid":"{}","jwk":{jwk}}}"#, honest.kid());
    assert_eq!(refusal(&token(&attacker, &header, b"{}"), &keys), JoseError::BadSignature);
    let header = format!(r#"{{"alg":"ES256","jwk":{jwk},"jku":"https://evil.example"}}"#);
    assert_eq!(refusal(&token(&attacker, &header, b"{}"), &keys), JoseError::BadSignature);
    // A good token with such a header member is still accepted.
    let header = format!(r#"{{"alg":"ES256","kid":"{}","jwk":{jwk}}}"#, honest.kid());
    assert!(verify(&token(honest, &header, b"{}"), &keys).is_ok());
}

#[test]
fn the_algorithm_must_match_the_key_and_be_allowed() {
    let keys = keys(Algorithm::SIGNING);
    for &algorithm in Algorithm::SIGNING {
        let good = good(algorithm);
        let jws = UnverifiedJws::parse(&good).unwrap();
        assert!(jws.verify(&keys, AlgorithmSet::of(&[algorithm])).is_ok());
        let others = Algorithm::ALL.iter().copied().filter(|other| *other != algorithm).collect();
        assert_eq!(jws.verify(&keys, others).unwrap_err(), JoseError::AlgorithmNotAllowed);
        for &other in Algorithm::ALL.iter().filter(|other| **other != algorithm) {
            let header = format!(r#"{{"alg":"{other}","kid":"{}"}}"#, key(algorithm).kid());
            let token = token(key(algorithm), &header, b"{}");
            assert_eq!(refusal(&token, &keys), JoseError::AlgorithmNotAllowed);
        }
    }
}

#[test]
fn an_rsa_key_without_alg_verifies_the_allowed_algorithms() {
    let mut jwk = serde_json::to_value(key(Algorithm::Rs256).public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    let keys = set_of(&jwk.to_string());
    let good = good(Algorithm::Rs256);
    let jws = UnverifiedJws::parse(&good).unwrap();
    assert!(jws.verify(&keys, ALL).is_ok());
    let error = jws.verify(&keys, AlgorithmSet::of(&[Algorithm::Ps256])).unwrap_err();
    assert_eq!(error, JoseError::AlgorithmNotAllowed);
}

#[test]
fn an_unknown_key_is_reported_differently_from_a_bad_signature() {
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = keys(&[Algorithm::Es256]);
    let token = stranger.sign(TokenType::AccessToken, &json!({})).unwrap();
    let kid = Some(stranger.kid().into());
    assert_eq!(refusal(&token, &keys), JoseError::UnknownKey { kid });
    let impostor = stranger.with_kid(key(Algorithm::Es256).kid()).unwrap();
    let token = impostor.sign(TokenType::AccessToken, &json!({})).unwrap();
    assert_eq!(refusal(&token, &keys), JoseError::BadSignature);
    assert_eq!(refusal(&token, &KeySet::empty()).reason(), "unknown_key");
}

#[test]
fn a_token_without_kid_needs_a_single_candidate() {
    let one = key(Algorithm::Es256);
    let two = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = token(one, r#"{"alg":"ES256"}"#, b"{}");
    let single = keys(&[Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa]);
    assert_eq!(verify(&token, &single).unwrap().kid(), Some(one.kid()));
    let pair = KeySet::from_keys([one.verifying_key().unwrap(), two.verifying_key().unwrap()]);
    assert_eq!(refusal(&token, &pair), JoseError::AmbiguousKey);
    assert_eq!(refusal(&token, &KeySet::empty()), JoseError::UnknownKey { kid: None });
}

#[test]
fn a_signature_of_the_wrong_length_is_refused() {
    let keys = keys(Algorithm::SIGNING);
    for &algorithm in Algorithm::SIGNING {
        for change in [-1_isize, 1] {
            let token = altered(&good(algorithm), |segments| {
                let mut signature = base64url::decode(&segments[2]).unwrap();
                signature.resize(signature.len().saturating_add_signed(change), 0);
                segments[2] = base64url::encode(&signature);
            });
            assert_eq!(refusal(&token, &keys), JoseError::BadSignature, "{algorithm} {change}");
        }
    }
    // An ECDSA signature in ASN.1, the format of other protocols.
    let der = altered(&good(Algorithm::Es256), |segments| {
        let fixed = base64url::decode(&segments[2]).unwrap();
        let integer = |number: &[u8]| [&[2, 33, 0][..], number].concat();
        let body = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
        segments[2] = base64url::encode(&[&[0x30, 70][..], &body].concat());
    });
    assert_eq!(refusal(&der, &keys), JoseError::BadSignature);
    // CVE-2022-21449: r and s are zero.
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
        let zero = altered(&good(algorithm), |segments| {
            let len = base64url::decode(&segments[2]).unwrap().len();
            segments[2] = base64url::encode(&vec![0; len]);
        });
        assert_eq!(refusal(&zero, &keys), JoseError::BadSignature, "{algorithm}");
    }
}

#[test]
fn there_are_exactly_three_segments_and_none_is_empty() {
    let token = good(Algorithm::EdDsa);
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for (bad, part) in [
        (String::new(), "form"),
        ("...".into(), "header"),
        ("..".into(), "header"),
        (".".into(), "form"),
        (header.into(), "form"),
        (format!("{header}.{payload}"), "form"),
        (format!("{token}."), "signature"),
        (format!("{token}.AAAA"), "signature"),
        (format!("{token}.."), "signature"),
        (format!(".{token}"), "header"),
        (format!(".{payload}.{signature}"), "header"),
        (format!("{header}..{signature}"), "payload"),
        (format!("{header}.{payload}."), "signature"),
    ] {
        assert_eq!(UnverifiedJws::parse(&bad).unwrap_err(), JoseError::Malformed(part), "{bad}");
    }
}

#[test]
fn every_segment_is_canonical_base64url() {
    let token = good(Algorithm::EdDsa);
    for (index, part) in ["header", "payload", "signature"].into_iter().enumerate() {
        for suffix in ["=", "==", " ", "\n", "+", "/", "é", "\0"] {
            let bad = altered(&token, |segments| segments[index].push_str(suffix));
            let error = UnverifiedJws::parse(&bad).unwrap_err();
            assert_eq!(error, JoseError::Malformed(part), "{bad:?}");
        }
    }
    // 64 bytes leave four unused bits, so 15 other last characters decode to the same bytes.
    for last in "BCDEFGHIJKLMNOP".chars() {
        let bad = altered(&token, |segments| {
            let letter = segments[2].pop().unwrap();
            assert!("AQgw".contains(letter));
            segments[2].push(char::from_u32(letter as u32 + last as u32 - 'A' as u32).unwrap());
        });
        if bad.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            assert_eq!(UnverifiedJws::parse(&bad).unwrap_err(), JoseError::Malformed("signature"));
        }
    }
    for space in [" ", "\t", "\r\n"] {
        assert!(UnverifiedJws::parse(&format!("{space}{token}")).is_err());
    }
}

#[test]
fn signed_headers_with_duplicate_members_or_extensions_are_refused() {
    let key = key(Algorithm::Es256);
    let keys = keys(&[Algorithm::Es256]);
    for (members, error) in [
        (r#","alg":"ES256""#, JoseError::Malformed("header")),
        (r#","x":1,"x":2"#, JoseError::Malformed("header")),
        (r#","crit":["exp"]"#, JoseError::CriticalHeader),
        (r#","crit":["b64"],"b64":false"#, JoseError::CriticalHeader),
        (r#","b64":false"#, JoseError::CriticalHeader),
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"{}"{members}}}"#, key.kid());
        assert_eq!(refusal(&token(key, &header, b"{}"), &keys), error, "{members}");
    }
}

#[test]
fn long_headers_and_long_kids_are_read() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid(&"k".repeat(700)).unwrap();
    let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
    let token = key.sign(TokenType::AccessToken, &json!({})).unwrap();
    assert_eq!(verify(&token, &keys).unwrap().kid(), Some(key.kid()));
}

#[test]
fn a_token_of_more_than_16_kib_is_refused() {
    let key = key(Algorithm::EdDsa);
    let keys = keys(&[Algorithm::EdDsa]);
    let sized = |len: usize| {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, key.kid());
        token(key, &header, &vec![b' '; len])
    };
    let fitting = (0..16_384).rev().map(|len| len * 3 / 4).find(|len| {
        base64url::encoded_len(*len) + 86 + 2 + base64url::encoded_len(25 + key.kid().len())
            <= MAX_TOKEN_LEN
    });
    let fits = sized(fitting.unwrap() - 8);
    assert!(fits.len() > MAX_TOKEN_LEN - 32 && verify(&fits, &keys).is_ok());
    assert_eq!(refusal(&sized(13_000), &keys), JoseError::TooLarge);
}

#[test]
fn the_unverified_payload_can_be_read_to_find_the_keys() {
    let good = good(Algorithm::EdDsa);
    let payload: serde_json::Value =
        UnverifiedJws::parse(&good).unwrap().deserialize_unverified().unwrap();
    assert_eq!(payload["sub"], "alice");
    let text = token(key(Algorithm::EdDsa), r#"{"alg":"EdDSA"}"#, b"no JSON");
    let jws = UnverifiedJws::parse(&text).unwrap();
    let error = jws.deserialize_unverified::<serde_json::Value>().unwrap_err();
    assert_eq!(error, JoseError::InvalidClaims { claim: None });
}

#[test]
fn debug_shows_no_payload_and_no_signature() {
    let token = good(Algorithm::EdDsa);
    let jws = UnverifiedJws::parse(&token).unwrap();
    let verified = jws.verify(&keys(&[Algorithm::EdDsa]), ALL).unwrap();
    let shown = format!("{jws:?}{verified:?}");
    for segment in token.split('.').skip(1) {
        assert!(!shown.contains(segment));
    }
    assert!(!shown.contains("alice"));
}

proptest! {
    #[test]
    fn no_string_makes_the_parser_panic(token in ".{0,200}") {
        let _ = verify(&token, &KeySet::empty());
    }

    #[test]
    fn no_header_makes_the_parser_panic(header in ".{0,100}", quoted in "[\\PC]{0,20}") {
        for header in [header, format!(r#"{{"alg":"ES256","kid":"{quoted}"}}"#)] {
            let token = format!("{}.e30.AAAA", base64url::encode(header.as_bytes()));
            let _ = verify(&token, &keys(&[Algorithm::Es256]));
        }
    }

    #[test]
    fn a_token_with_one_changed_character_is_refused(
        at in any::<prop::sample::Index>(),
        letter in "[A-Za-z0-9_.=+/ -]",
    ) {
        let keys = keys(&[Algorithm::Es256, Algorithm::EdDsa]);
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let token = good(algorithm);
            let at = at.index(token.len());
            let mut other = token.clone();
            other.replace_range(at..=at, &letter);
            prop_assert_eq!(verify(&other, &keys).is_ok(), other == token);
            let mut longer = token.clone();
            longer.insert_str(at, &letter);
            prop_assert!(verify(&longer, &keys).is_err());
            let mut shorter = token.clone();
            shorter.remove(at);
            prop_assert!(verify(&shorter, &keys).is_err());
            prop_assert!(verify(&token[..at], &keys).is_err());
        }
    }

    #[test]
    fn segments_of_two_tokens_cannot_be_combined(a in "[a-z]{1,20}", b in "[A-Z]{1,20}") {
        let key = key(Algorithm::EdDsa);
        let [one, two] = [a, b].map(|sub| key.sign(TokenType::Jwt, &json!({ "sub": sub })).unwrap());
        let mixed = altered(&one, |segments| segments[1] = two.split('.').nth(1).unwrap().to_owned());
        prop_assert_eq!(refusal(&mixed, &keys(&[Algorithm::EdDsa])), JoseError::BadSignature);
    }
}

#[test]
fn an_unverified_issuer_longer_than_a_name_is_another_issuer() {
    let issuer = |iss: &str| {
        let payload = json!({ "iss": iss }).to_string();
        let header = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, key(Algorithm::Es256).kid());
        let token = token(key(Algorithm::Es256), &header, payload.as_bytes());
        UnverifiedJws::parse(&token).unwrap().unverified_issuer()
    };
    let longest = "x".repeat(2048);
    assert_eq!(issuer(&longest), Ok(longest));
    for len in [2049, 10_000] {
        assert_eq!(issuer(&"x".repeat(len)).unwrap_err().reason(), "wrong_issuer");
    }
}
