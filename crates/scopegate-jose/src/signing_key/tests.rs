use aws_lc_rs::signature::KeyPair;
use serde_json::json;

use super::*;
use crate::test_tokens::{key, keys};
use crate::{AlgorithmSet, UnverifiedJws};

impl SigningKey {
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let mut buffer = [0; MAX_SIGNATURE_LEN];
        self.pair.sign(self.algorithm, message, &mut buffer).map(<[u8]>::to_vec)
    }
}

/// RFC 7515 appendix A.2.1.
const RSA: &str = r#"{"kty":"RSA",
"n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
"e":"AQAB",
"d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
"p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
"q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
"dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
"dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
"qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// RFC 7515 appendix A.3.1.
const EC: &str = r#"{"kty":"EC","crv":"P-256",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 8037 appendix A.1.
const OKP: &str = r#"{"kty":"OKP","crv":"Ed25519",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn round_trip(key: &SigningKey) {
    let token = key.sign(TokenType::AccessToken, &json!({ "sub": "é" })).unwrap();
    let keys = KeySetOf(key).into();
    let jws = UnverifiedJws::parse(&token).unwrap();
    assert_eq!(jws.header().kid(), Some(key.kid()));
    assert_eq!(jws.header().algorithm(), key.algorithm());
    let verified = jws.verify(&keys, AlgorithmSet::of(&[key.algorithm()])).unwrap();
    assert_eq!(verified.payload(), r#"{"sub":"é"}"#.as_bytes());
    assert_eq!(verified.kid(), Some(key.kid()));
}

struct KeySetOf<'a>(&'a SigningKey);

impl From<KeySetOf<'_>> for crate::KeySet {
    fn from(KeySetOf(key): KeySetOf<'_>) -> Self {
        Self::from_keys([key.verifying_key().unwrap()])
    }
}

#[test]
fn signed_tokens_verify() {
    for &algorithm in Algorithm::SIGNING {
        round_trip(key(algorithm));
    }
}

#[test]
fn a_key_is_read_back_unchanged_from_pkcs8() {
    for &algorithm in Algorithm::SIGNING {
        let key = key(algorithm);
        let again = SigningKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        assert_eq!(again.kid(), key.kid());
        round_trip(&again);
    }
}

#[test]
fn pkcs8_of_another_type_is_refused() {
    for (algorithm, other) in [
        (Algorithm::Rs256, Algorithm::Es256),
        (Algorithm::Es256, Algorithm::Es384),
        (Algorithm::Es384, Algorithm::Es256),
        (Algorithm::Es256, Algorithm::EdDsa),
        (Algorithm::EdDsa, Algorithm::Rs256),
    ] {
        let der = key(algorithm).to_pkcs8().unwrap();
        let error = SigningKey::from_pkcs8(other, &der).unwrap_err();
        assert_eq!(error, JoseError::InvalidKey(KeyProblem::Unreadable), "{algorithm} as {other}");
        assert!(SigningKey::from_pkcs8(algorithm, &der[1..]).is_err());
    }
}

#[test]
fn the_kid_of_a_new_key_is_its_thumbprint() {
    for &algorithm in Algorithm::SIGNING {
        let key = key(algorithm);
        assert_eq!(key.kid(), key.public_jwk().thumbprint());
        assert_eq!(key.kid().len(), 43);
        assert_eq!(key.public_jwk().algorithm(), Some(algorithm));
    }
}

#[test]
fn a_private_jwk_can_sign() {
    for (json, algorithm) in
        [(RSA, Algorithm::Rs256), (EC, Algorithm::Es256), (OKP, Algorithm::EdDsa)]
    {
        let key = SigningKey::from_jwk_json(json).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.kid(), key.public_jwk().thumbprint());
        round_trip(&key);
    }
    let ps256 = RSA.replacen('{', r#"{"alg":"PS256","kid":"mine","#, 1);
    let key = SigningKey::from_jwk_json(&ps256).unwrap();
    assert_eq!((key.algorithm(), key.kid()), (Algorithm::Ps256, "mine"));
    round_trip(&key);
}

#[test]
fn rfc_8037_appendix_a_4_signature() {
    let key = SigningKey::from_jwk_json(OKP).unwrap();
    let signature =
        key.sign_bytes(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();
    assert_eq!(
        base64url::encode(&signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn rfc_7515_appendix_a_2_signature() {
    let key = SigningKey::from_jwk_json(RSA).unwrap();
    let signature = key
        .sign_bytes(
            b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        )
        .unwrap();
    let text = base64url::encode(&signature);
    assert!(text.starts_with("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"));
    assert!(text.ends_with("ypGlUPQGe77Rw"));
}

#[test]
fn a_private_jwk_whose_members_do_not_match_is_refused() {
    let bad = |json: &str| match SigningKey::from_jwk_json(json).unwrap_err() {
        JoseError::InvalidKey(problem) => problem,
        other => panic!("{other}"),
    };
    let other_d = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    let d = |json: &str, d: &str| {
        let at = json.find(r#""d":"#).unwrap() + 5;
        let end = at + json[at..].find('"').unwrap();
        format!("{}{d}{}", &json[..at], &json[end..])
    };
    assert_eq!(bad(&d(EC, other_d)), KeyProblem::Inconsistent);
    assert_eq!(bad(&d(OKP, other_d)), KeyProblem::Inconsistent);
    assert_eq!(bad(&d(RSA, other_d)), KeyProblem::Inconsistent);
    assert_eq!(bad(&d(EC, "AQ")), KeyProblem::WrongLength("d"));
    assert_eq!(bad(&d(OKP, "AQ")), KeyProblem::WrongLength("d"));
    assert_eq!(bad(&RSA.replace(r#""qi""#, r#""xx""#)), KeyProblem::Missing("qi"));
    let public = serde_json::to_string(&key(Algorithm::Es256).public_jwk()).unwrap();
    assert_eq!(bad(&public), KeyProblem::Missing("d"));
    let enc = EC.replacen('{', r#"{"use":"enc","#, 1);
    assert_eq!(bad(&enc), KeyProblem::NotForSignatures);
    let verify = EC.replacen('{', r#"{"key_ops":["verify"],"#, 1);
    assert_eq!(bad(&verify), KeyProblem::NotForThisOperation);
    assert_eq!(bad(r#"{"kty":"oct","k":"AA"}"#), KeyProblem::Symmetric);
}

#[test]
fn the_header_holds_type_algorithm_and_kid() {
    let key = SigningKey::from_jwk_json(EC).unwrap().with_kid("a\"b").unwrap();
    assert_eq!(key.public_jwk().kid(), Some("a\"b"));
    for (typ, expected) in [
        (TokenType::AccessToken, r#"{"typ":"at+jwt","alg":"ES256","kid":"a\"b"}"#),
        (TokenType::Jwt, r#"{"typ":"JWT","alg":"ES256","kid":"a\"b"}"#),
        (TokenType::LogoutToken, r#"{"typ":"logout+jwt","alg":"ES256","kid":"a\"b"}"#),
        (TokenType::None, r#"{"alg":"ES256","kid":"a\"b"}"#),
    ] {
        let token = key.sign(typ, &json!({})).unwrap();
        let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(std::str::from_utf8(&header).unwrap(), expected);
    }
}

#[test]
fn signing_allocates_the_token_once() {
    for &algorithm in Algorithm::SIGNING {
        let token = key(algorithm).sign(TokenType::AccessToken, &json!({ "a": "b" })).unwrap();
        assert_eq!(token.capacity(), token.len(), "{algorithm}");
    }
}

#[test]
fn a_payload_that_cannot_be_written_as_json_is_an_error() {
    let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = key(Algorithm::EdDsa).sign(TokenType::Jwt, &odd).unwrap_err();
    assert_eq!(error, JoseError::Unserializable);
}

#[test]
fn debug_shows_no_key() {
    let key = SigningKey::from_jwk_json(OKP).unwrap();
    assert_eq!(
        format!("{key:?}"),
        r#"SigningKey { kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", algorithm: EdDsa, .. }"#
    );
    assert!(matches!(&key.pair, Pair::Ed(pair) if pair.public_key().as_ref().len() == 32));
    assert!(
        keys(&[Algorithm::EdDsa]).contains_kid(crate::test_tokens::key(Algorithm::EdDsa).kid())
    );
}

#[test]
fn an_algorithm_that_only_verifies_makes_no_signing_key() {
    let verify_only = JoseError::InvalidKey(KeyProblem::VerifyOnly);
    let rsa = key(Algorithm::Rs256).to_pkcs8().unwrap();
    for &algorithm in Algorithm::ALL.iter().filter(|algorithm| !algorithm.can_sign()) {
        assert_eq!(SigningKey::generate(algorithm).unwrap_err(), verify_only, "{algorithm}");
        assert_eq!(SigningKey::from_pkcs8(algorithm, &rsa).unwrap_err(), verify_only);
    }
    let mut private: serde_json::Value = serde_json::from_str(RSA).unwrap();
    assert!(SigningKey::from_jwk_json(&private.to_string()).is_ok());
    private["alg"] = "RS512".into();
    assert_eq!(SigningKey::from_jwk_json(&private.to_string()).unwrap_err(), verify_only);
    let p521 = json!({
        "kty": "EC", "crv": "P-521", "d": "AA",
        "x": base64url::encode(&[1; 66]), "y": base64url::encode(&[1; 66]),
    });
    assert_eq!(SigningKey::from_jwk_json(&p521.to_string()).unwrap_err(), verify_only);
}
