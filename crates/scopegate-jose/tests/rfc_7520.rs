//! The signatures of RFC 7520, "Examples of Protecting Content Using JOSE", §4.
//!
//! The unit tests cover those of RFC 7515 (appendix A) and RFC 8037 (appendix A).

use scopegate_jose::{
    Algorithm, AlgorithmSet, JoseError, KeyProblem, KeySet, UnverifiedJws, VerifiedJws,
};

/// §3.3, the key of Bilbo Baggins.
const RSA_KEY: &str = r#"{
    "kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "e": "AQAB",
    "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
}"#;

/// §3.1, his P-521 key.
const EC_KEY: &str = r#"{
    "kty": "EC", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "crv": "P-521",
    "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
    "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"
}"#;

const PAYLOAD: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

const RS256: [&str; 2] = [
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
];

const PS384: [&str; 2] = [
    "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
    "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
];

const ES512: [&str; 2] = [
    "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
    "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
];

fn token([header, signature]: [&str; 2]) -> String {
    format!("{header}.{PAYLOAD}.{signature}")
}

/// Verifies a token with these keys and algorithms.
fn verify_with(
    token: &str,
    keys: &[&str],
    allowed: AlgorithmSet,
) -> Result<VerifiedJws, JoseError> {
    let document = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let keys = KeySet::parse(document.as_bytes())?.keys;
    UnverifiedJws::parse(token)?.verify(&keys, allowed)
}

fn verify(token: &str) -> Result<Vec<u8>, JoseError> {
    let verified = verify_with(token, &[RSA_KEY], AlgorithmSet::usual())?;
    assert_eq!(verified.algorithm(), Algorithm::Rs256);
    assert_eq!(verified.kid(), Some("bilbo.baggins@hobbiton.example"));
    Ok(verified.payload().to_vec())
}

#[test]
fn s4_1_rsa_v1_5_signature() {
    let payload = String::from_utf8(verify(&token(RS256)).unwrap()).unwrap();
    assert!(payload.starts_with("It’s a dangerous business, Frodo, going out your door."));
    let changed = token(RS256).replacen(".SXTi", ".SXTj", 1);
    assert_eq!(verify(&changed).unwrap_err(), JoseError::BadSignature);
    let of_another_padding = token([RS256[0], PS384[1]]);
    assert_eq!(verify(&of_another_padding).unwrap_err(), JoseError::BadSignature);
}

/// Both keys are for two algorithms and more, so only the rules can name one.
#[test]
fn s4_2_and_s4_3_signatures_of_other_algorithms_are_verified_where_they_are_named() {
    for (parts, algorithm) in [(PS384, Algorithm::Ps384), (ES512, Algorithm::Es512)] {
        let named = AlgorithmSet::of(&[algorithm]);
        // Both keys have the same `kid`. The type decides.
        let keys = [RSA_KEY, EC_KEY];
        let verified = verify_with(&token(parts), &keys, named).unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        assert!(verified.payload().starts_with("It’s a dangerous business".as_bytes()));
        let changed = token(parts).replacen(".SXTi", ".SXTj", 1);
        assert_eq!(verify_with(&changed, &keys, named).unwrap_err(), JoseError::BadSignature);
        for others in [AlgorithmSet::usual(), AlgorithmSet::of(&[Algorithm::Rs512])] {
            let refused = verify_with(&token(parts), &keys, others).unwrap_err();
            assert_eq!(refused, JoseError::AlgorithmNotAllowed);
        }
    }
}

/// §4.5: the payload is not part of the token.
#[test]
fn s4_5_detached_content_is_refused() {
    let detached = format!("{}..{}", RS256[0], RS256[1]);
    assert_eq!(verify(&detached).unwrap_err(), JoseError::Malformed("payload"));
}

/// §4.6 to §4.8 use the JSON serialization, which is not supported.
#[test]
fn s4_6_the_json_serialization_is_refused() {
    let [protected, signature] = RS256;
    let json = format!(
        r#"{{"payload":"{PAYLOAD}","signatures":[{{"protected":"{protected}","signature":"{signature}"}}]}}"#
    );
    assert!(matches!(verify(&json), Err(JoseError::Malformed(_))));
}

#[test]
fn s3_1_a_p_521_key_is_for_es512_only() {
    let with_alg = |alg: &str| {
        let key = EC_KEY.replacen('{', &format!(r#"{{"alg":"{alg}","#), 1);
        KeySet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap()
    };
    let read = with_alg("ES512");
    assert_eq!(read.keys.keys()[0].algorithms(), AlgorithmSet::of(&[Algorithm::Es512]));
    for alg in ["ES256", "ES384", "RS512"] {
        assert_eq!(with_alg(alg).set_aside[0].problem, KeyProblem::AlgorithmOfAnotherType, "{alg}");
    }
}
