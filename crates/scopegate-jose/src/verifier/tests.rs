use std::time::Duration;

use scopegate_claims::{Audience, Issuer};
use serde_json::{Value, json};

use super::*;
use crate::test_tokens::{key, keys, token};
use crate::{
    Algorithm, AlgorithmSet, AudienceRule, ClaimMapping, Evidence, IssuerName, MAX_LEEWAY, TypeRule,
};

mod audience;
mod kind;
mod lifetime;

const ISSUER: &str = "https://id.example.com";
const NOW: u64 = 1_700_000_000;

fn rules() -> Rules {
    let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
    Rules::new(Issuer::parse(ISSUER).unwrap(), audience)
}

/// A good payload with other members. `null` removes a member.
fn payload(members: Value) -> Value {
    let payload = json!({
        "iss": ISSUER,
        "aud": "api://orders",
        "exp": NOW + 600,
        "iat": NOW,
        "sub": "u1",
        "jti": "t1",
        "client_id": "reader",
        "scope": "read:orders",
    });
    let (Value::Object(mut object), Value::Object(members)) = (payload, members) else {
        panic!("both are objects");
    };
    object.extend(members);
    object.retain(|_, value| !value.is_null());
    Value::Object(object)
}

fn signed(typ: Option<&str>, payload: &[u8]) -> String {
    let key = key(Algorithm::Es256);
    let typ = typ.map(|typ| format!(r#","typ":"{typ}""#)).unwrap_or_default();
    token(key, &format!(r#"{{"alg":"ES256","kid":"{}"{typ}}}"#, key.kid()), payload)
}

fn verify_at(token: &str, rules: &Rules, now: u64) -> Result<Verified, JoseError> {
    verify_access_token(token, &keys(&[Algorithm::Es256]), rules, UnixTime::from_seconds(now))
}

/// Verifies a good token with other claims.
fn with(members: Value) -> Result<Verified, JoseError> {
    let token = signed(Some("at+jwt"), payload(members).to_string().as_bytes());
    verify_at(&token, &rules(), NOW)
}

fn refusal(members: Value) -> JoseError {
    with(members).unwrap_err()
}

fn malformed(claim: &'static str) -> JoseError {
    JoseError::InvalidClaims { claim: Some(claim) }
}

#[test]
fn a_good_token_passes() {
    let verified = with(json!({ "tenant": "acme" })).unwrap();
    assert_eq!(verified.claims().client_id(), Some("reader"));
    assert!(verified.claims().scopes().contains("read:orders"));
    let Evidence::Signature { algorithm, kid } = verified.evidence();
    assert_eq!((*algorithm, kid.as_deref()), (Algorithm::Es256, Some(key(Algorithm::Es256).kid())));
    let extra: Value = verified.deserialize().unwrap();
    assert_eq!(extra["tenant"], "acme");
    assert!(verified.footprint() > verified.token().len());
}

#[test]
fn the_issuer_must_be_exactly_equal() {
    for issuer in ["https://id.example.com/", "https://ID.example.com", "http://id.example.com", ""]
    {
        let error = JoseError::wrong_issuer(ISSUER, issuer);
        assert_eq!(refusal(json!({ "iss": issuer })), error, "{issuer}");
    }
    assert_eq!(refusal(json!({ "iss": null })), malformed("iss"));
    assert_eq!(refusal(json!({ "iss": [ISSUER] })), malformed("iss"));
}

#[test]
fn signed_claims_with_duplicate_members_are_refused() {
    let good = payload(json!({})).to_string();
    for (twice, claim) in [
        (r#""scope":"admin""#, Some("scope")),
        (r#""exp":9999999999"#, Some("exp")),
        (r#""\u0069ss":"x""#, Some("iss")),
        (r#""x":1,"x":1"#, None),
    ] {
        let body = good.replacen('{', &format!("{{{twice},"), 1);
        let error = verify_at(&signed(None, body.as_bytes()), &rules(), NOW).unwrap_err();
        assert_eq!(error, JoseError::InvalidClaims { claim }, "{twice}");
    }
    let two_dialects = json!({ "scp": ["read:orders", "admin"] });
    assert_eq!(refusal(two_dialects), malformed("scope"));
}

#[test]
fn a_payload_that_is_not_a_json_object_is_refused() {
    let good = payload(json!({})).to_string();
    let (two, cut) = (format!("{good} {{}}"), good.trim_end_matches('}'));
    for body in [&b"null"[..], b"[]", b"\"x\"", b"{", b"\xff", two.as_bytes(), cut.as_bytes()] {
        let error = verify_at(&signed(None, body), &rules(), NOW).unwrap_err();
        assert_eq!(error, JoseError::InvalidClaims { claim: None }, "{body:?}");
    }
}

/// No error may depend on the payload before the signature is checked.
#[test]
fn the_signature_is_checked_before_the_claims() {
    let good = signed(None, payload(json!({ "exp": 1 })).to_string().as_bytes());
    assert_eq!(verify_at(&good, &rules(), NOW).unwrap_err(), JoseError::Expired);
    let bad = crate::test_tokens::altered(&good, |segments| {
        segments[1] = crate::base64url::encode(payload(json!({ "exp": 2 })).to_string().as_bytes());
    });
    assert_eq!(verify_at(&bad, &rules(), NOW).unwrap_err(), JoseError::BadSignature);
}

#[test]
fn the_rules_restrict_the_algorithms() {
    let token = signed(None, payload(json!({})).to_string().as_bytes());
    let rules = rules().with_algorithms(AlgorithmSet::of(&[Algorithm::Rs256]));
    assert_eq!(verify_at(&token, &rules, NOW).unwrap_err(), JoseError::AlgorithmNotAllowed);
}

#[test]
fn debug_shows_no_claims() {
    let verified = with(json!({ "sub": "alice" })).unwrap();
    assert!(!format!("{verified:?}").contains("alice"));
}

#[test]
fn the_error_about_extra_claims_names_the_type_and_the_member_but_no_value() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Site {
        #[expect(dead_code)]
        city: String,
    }
    #[derive(Debug, serde::Deserialize)]
    struct Tenant {
        #[expect(dead_code)]
        tenant: String,
        #[expect(dead_code)]
        sites: Option<Vec<Site>>,
    }
    for (members, path) in [
        (json!({ "tenant": 7 }), "tenant"),
        (json!({ "tenant": null }), "tenant"),
        (json!({ "tenant": "t", "sites": "secret" }), "sites"),
        (
            json!({ "tenant": "t", "sites": [{ "city": "c" }, { "city": ["secret"] }] }),
            "sites[1].city",
        ),
        (json!({ "tenant": "t", "sites": [{}] }), "sites[0].city"),
        (json!({ "tenant": "t", "sites": [{ "city": "c", "x\ny": "secret" }] }), r"sites[0].x\ny"),
    ] {
        let error = with(members.clone()).unwrap().deserialize::<Tenant>().unwrap_err();
        let JoseError::ExtraClaims { wanted, member } = &error else { panic!("{error:?}") };
        assert!(wanted.ends_with("Tenant"), "{wanted}");
        assert_eq!(member.as_deref(), Some(path), "{members}");
        assert!(error.to_string().contains("Tenant"), "{error}");
        assert!(!format!("{error:?} {error} {}", error.details().unwrap()).contains("secret"));
        assert!(!error.description().contains("Tenant"));
    }
    let error = with(json!({})).unwrap().deserialize::<Vec<u8>>().unwrap_err();
    assert!(matches!(error, JoseError::ExtraClaims { member: None, .. }), "{error:?}");
    assert!(with(json!({ "tenant": "acme" })).unwrap().deserialize::<Tenant>().is_ok());
}

#[test]
fn details_are_for_the_log_and_the_messages_for_the_client_are_fixed() {
    let evil = "https://evil.example\n";
    let error = refusal(json!({ "iss": evil }));
    let details = r"wanted `https://id.example.com`, found `https://evil.example\n`";
    assert_eq!(error.details().as_deref(), Some(details));
    for text in [error.to_string(), error.reason().to_owned(), error.description().to_owned()] {
        assert!(!text.contains("evil"), "{text}");
    }
    let error = refusal(json!({ "aud": "api://stock" }));
    assert_eq!(error.details().as_deref(), Some("wanted `api://orders`, found `api://stock`"));
    let error = JoseError::UnknownKey { kid: Some("k\n".into()) };
    assert_eq!(error.details().as_deref(), Some(r"found kid `k\n`"));
    assert_eq!(JoseError::Expired.details(), None);
}

/// AD FS names itself by an http URL, others by a host name or an URN.
#[test]
fn the_name_of_an_issuer_need_not_be_an_https_url() {
    for name in ["http://sts.example.com/adfs/services/trust", "accounts.example.com", "urn:x"] {
        let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
        let rules = Rules::new(IssuerName::parse(name).unwrap(), audience);
        assert_eq!(rules.issuer(), name);
        let verify = |iss: &str| {
            let token = signed(None, payload(json!({ "iss": iss })).to_string().as_bytes());
            verify_at(&token, &rules, NOW).map(|verified| verified.claims().issuer().to_owned())
        };
        assert_eq!(verify(name).as_deref(), Ok(name));
        for other in [&name[1..], &name.to_uppercase(), &format!("{name}/")] {
            assert_eq!(verify(other), Err(JoseError::wrong_issuer(name, other)));
        }
    }
}

/// The whole issuer is not shown, but it is refused.
#[test]
fn an_issuer_of_10_kb_is_another_issuer() {
    let long = format!("{ISSUER}{}", "x".repeat(10_000));
    let error = refusal(json!({ "iss": long }));
    assert_eq!(error.reason(), "wrong_issuer");
    assert!(error.details().unwrap().len() < 400);
}
