use std::time::Duration;

use scopegate_claims::{Audience, Issuer};
use serde_json::{Value, json};

use super::*;
use crate::test_tokens::{key, keys, token};
use crate::{
    Algorithm, AlgorithmSet, AudienceRule, ClaimMapping, Evidence, IssuerName, MAX_LEEWAY, TypeRule,
};

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
fn one_of_the_audiences_must_be_ours() {
    assert!(with(json!({ "aud": ["api://other", "api://orders"] })).is_ok());
    for (audience, found) in [
        (json!("api://other"), "api://other"),
        (json!(["api://other", "api://stock"]), "api://other, api://stock"),
        (json!("api://orders/"), "api://orders/"),
        (Value::Null, ""),
    ] {
        let error = JoseError::wrong_audience("api://orders", found);
        assert_eq!(refusal(json!({ "aud": audience })), error, "{audience}");
    }
    let token = signed(None, payload(json!({})).to_string().as_bytes());
    let nobody = Rules::new(Issuer::parse(ISSUER).unwrap(), AudienceRule::any_of([]));
    let error = JoseError::wrong_audience("", "api://orders");
    assert_eq!(verify_at(&token, &nobody, NOW).unwrap_err(), error);
}

#[test]
fn tokens_without_audience_can_be_accepted_by_client_and_token_use() {
    let audience = AudienceRule::client_ids(["reader", "writer"], "access");
    let rules = Rules::new(Issuer::parse(ISSUER).unwrap(), audience);
    let verify = |members: Value| {
        let token = signed(None, payload(members).to_string().as_bytes());
        verify_at(&token, &rules, NOW).map(|_| ())
    };
    assert_eq!(verify(json!({ "aud": null, "token_use": "access" })), Ok(()));
    for members in [
        json!({ "aud": null }),
        json!({ "aud": null, "token_use": "refresh" }),
        json!({ "aud": null, "token_use": "access", "client_id": "other" }),
        json!({ "aud": null, "token_use": "access", "client_id": null }),
    ] {
        assert_eq!(verify(members.clone()).unwrap_err().reason(), "wrong_audience", "{members}");
    }
    let refresh = json!({ "aud": null, "token_use": "refresh", "client_id": "other" });
    let error = JoseError::wrong_audience(
        "token_use access for client reader, writer",
        "token_use refresh for client other",
    );
    assert_eq!(verify(refresh), Err(error));
    assert_eq!(verify(json!({ "token_use": "id" })), Err(JoseError::WrongType));
}

/// The result of the rule for this authorized party, beside the audience `api://orders`.
fn with_party(typ: Option<&str>, members: Value) -> Result<(), JoseError> {
    let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
    let audience = audience.or_authorized_party(["portal"]).or_authorized_party(["batch"]);
    let rules = Rules::new(Issuer::parse(ISSUER).unwrap(), audience);
    let token = signed(typ, payload(members).to_string().as_bytes());
    verify_at(&token, &rules, NOW).map(|_| ())
}

#[test]
fn a_token_without_aud_can_be_accepted_by_its_authorized_party() {
    for client in ["portal", "batch"] {
        assert_eq!(with_party(None, json!({ "aud": null, "azp": client })), Ok(()));
    }
    // The client id counts only if there is no `azp`.
    assert_eq!(with_party(None, json!({ "aud": null, "client_id": "portal" })), Ok(()));
    let other = json!({ "aud": null, "azp": "other", "client_id": "portal" });
    let error = JoseError::wrong_audience(
        "api://orders, or an access token without aud for client portal, batch",
        "a token without aud for client other",
    );
    assert_eq!(with_party(None, other), Err(error));
    for members in [
        json!({ "aud": null }),
        json!({ "aud": null, "client_id": null }),
        json!({ "aud": null, "azp": "Portal" }),
        json!({ "aud": null, "azp": "" }),
        json!({ "aud": null, "azp": ["portal"], "client_id": "portal" }),
    ] {
        let error = with_party(None, members.clone()).unwrap_err();
        assert_eq!(error.reason(), "wrong_audience", "{members}");
    }
    // Without the rule, `azp` does not matter.
    assert_eq!(refusal(json!({ "aud": null, "azp": "portal" })).reason(), "wrong_audience");
}

#[test]
fn an_authorized_party_never_replaces_a_wrong_audience() {
    assert_eq!(with_party(None, json!({ "azp": "portal" })), Ok(()));
    assert_eq!(with_party(None, json!({ "azp": "other" })), Ok(()));
    let wrong = json!({ "aud": "api://stock", "azp": "portal" });
    assert_eq!(with_party(None, wrong).unwrap_err().reason(), "wrong_audience");
    for empty in [json!([]), json!(""), json!({}), json!(7), json!(["api://stock"])] {
        let members = json!({ "aud": empty, "azp": "portal" });
        assert!(with_party(None, members).is_err(), "{empty}");
    }
    // Without audiences, a token with `aud` never passes.
    let audience = AudienceRule::any_of([]).or_authorized_party(["portal"]);
    let rules = Rules::new(Issuer::parse(ISSUER).unwrap(), audience);
    let verify = |members: Value| {
        verify_at(&signed(None, payload(members).to_string().as_bytes()), &rules, NOW).is_ok()
    };
    assert!(verify(json!({ "aud": null, "azp": "portal" })));
    assert!(!verify(json!({ "azp": "portal" })));
}

#[test]
fn an_authorized_party_counts_only_beside_a_mark_of_an_access_token() {
    let unmarked = json!({ "aud": null, "azp": "portal", "scope": null });
    let marked = |members: Value| {
        let mut all = unmarked.clone();
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        all
    };
    for typ in [None, Some("JWT")] {
        assert_eq!(with_party(typ, unmarked.clone()).unwrap_err().reason(), "wrong_audience");
        assert_eq!(with_party(typ, marked(json!({ "scope": "a" }))), Ok(()));
        assert_eq!(with_party(typ, marked(json!({ "typ": "Bearer" }))), Ok(()));
        let other = with_party(typ, marked(json!({ "typ": "JWT" })));
        assert_eq!(other.unwrap_err().reason(), "wrong_audience");
        // The marks of other kinds of tokens keep their meaning.
        for kind in [json!({ "typ": "ID", "scope": "a" }), json!({ "at_hash": "x", "scope": "a" })]
        {
            assert_eq!(with_party(typ, marked(kind)), Err(JoseError::WrongType));
        }
    }
    assert_eq!(with_party(Some("at+jwt"), unmarked.clone()), Ok(()));
}

#[test]
fn the_rules_that_need_aud_or_token_use_ignore_the_authorized_party() {
    let audience = AudienceRule::any_of([]).or_authorized_party(["reader"]);
    let strict = Rules::new(Issuer::parse(ISSUER).unwrap(), audience).with_type(TypeRule::Strict);
    let token = signed(Some("at+jwt"), payload(json!({ "aud": null })).to_string().as_bytes());
    assert_eq!(verify_at(&token, &strict, NOW).unwrap_err(), JoseError::MissingClaim("aud"));
    let cognito = AudienceRule::client_ids(["a"], "access");
    assert_eq!(cognito.clone().or_authorized_party(["reader"]), cognito);
}

#[test]
fn a_token_expires_at_exp_plus_leeway() {
    let token = signed(None, payload(json!({})).to_string().as_bytes());
    let at = |now, leeway| {
        let rules = rules().with_leeway(Duration::from_secs(leeway)).unwrap();
        verify_at(&token, &rules, now).map(|_| ())
    };
    assert_eq!(at(NOW + 599, 0), Ok(()));
    assert_eq!(at(NOW + 600, 0), Err(JoseError::Expired));
    assert_eq!(at(NOW + 659, 60), Ok(()));
    assert_eq!(at(NOW + 660, 60), Err(JoseError::Expired));
    assert_eq!(at(UnixTime::MAX.as_seconds(), 300), Err(JoseError::Expired));
}

#[test]
fn nbf_may_not_be_in_the_future_beyond_the_leeway() {
    assert!(with(json!({ "nbf": NOW + 60 })).is_ok());
    assert_eq!(refusal(json!({ "nbf": NOW + 61 })), JoseError::NotYetValid);
    let end_of_time = UnixTime::MAX.as_seconds();
    assert_eq!(refusal(json!({ "nbf": end_of_time })), JoseError::NotYetValid);
    assert!(refusal(json!({ "nbf": "1700000000" })).reason() == "invalid_claims");
    assert!(with(json!({ "nbf": null })).is_ok());
    assert!(with(json!({ "nbf": 0 })).is_ok());
}

/// RFC 7519 §4.1.6 gives `iat` no such meaning. The clock of an issuer may be ahead of ours.
#[test]
fn iat_ahead_of_our_clock_does_not_make_a_token_bad() {
    for iat in [NOW + 61, NOW + 86_400, UnixTime::MAX.as_seconds()] {
        let verified = with(json!({ "iat": iat })).unwrap();
        assert_eq!(verified.claims().issued_at(), Some(UnixTime::from_seconds(iat)));
        let leeway = Duration::from_secs(60);
        assert!(verified.lifetime(leeway).contains(&UnixTime::from_seconds(NOW)), "{iat}");
    }
    assert_eq!(refusal(json!({ "iat": NOW + 61, "nbf": NOW + 61 })), JoseError::NotYetValid);
}

#[test]
fn the_lifetime_begins_with_nbf_and_ends_with_exp() {
    let verified = with(json!({ "nbf": NOW - 5, "iat": NOW + 50 })).unwrap();
    let at = UnixTime::from_seconds;
    assert_eq!(verified.lifetime(Duration::ZERO), at(NOW - 5)..at(NOW + 600));
    assert_eq!(verified.lifetime(Duration::from_secs(60)), at(NOW - 65)..at(NOW + 660));
    let verified = with(json!({ "nbf": null })).unwrap();
    assert_eq!(verified.lifetime(Duration::ZERO).start, at(0));
}

#[test]
fn exp_is_required_and_must_be_a_number_in_range() {
    for exp in
        [json!(null), json!("1700000600"), json!(-1), json!(true), json!(253_402_300_800_u64)]
    {
        assert_eq!(refusal(json!({ "exp": exp })), malformed("exp"), "{exp}");
    }
    assert!(with(json!({ "exp": UnixTime::MAX.as_seconds() })).is_ok());
    assert!(with(json!({ "exp": NOW as f64 + 0.5 })).is_ok());
}

#[test]
fn the_leeway_is_bounded() {
    assert!(rules().with_leeway(Duration::ZERO).is_ok());
    assert!(rules().with_leeway(MAX_LEEWAY).is_ok());
    let error = rules().with_leeway(MAX_LEEWAY + Duration::from_nanos(1)).unwrap_err();
    assert_eq!(error, JoseError::LeewayTooLong);
}

#[test]
fn the_type_rule_decides_which_headers_pass() {
    let body = payload(json!({})).to_string();
    let passes = |typ, rule| {
        let rules = rules().with_type(rule);
        match verify_at(&signed(typ, body.as_bytes()), &rules, NOW) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error, JoseError::WrongType);
                false
            }
        }
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(
            passes(Some(typ), TypeRule::Strict) && passes(Some(typ), TypeRule::Lenient),
            "{typ}"
        );
    }
    for typ in [Some("JWT"), Some("jwt"), Some("application/jwt"), None] {
        assert!(!passes(typ, TypeRule::Strict) && passes(typ, TypeRule::Lenient), "{typ:?}");
    }
    for typ in ["", "logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt", "JOSE"] {
        assert!(
            !passes(Some(typ), TypeRule::Strict) && !passes(Some(typ), TypeRule::Lenient),
            "{typ}"
        );
    }
}

/// RFC 9068 §2.2 lists the required claims. `iss` and `exp` are required of every token.
#[test]
fn strict_tokens_have_every_claim_of_rfc_9068() {
    let strict = rules().with_type(TypeRule::Strict);
    for claim in ["aud", "sub", "client_id", "iat", "jti"] {
        let token = signed(Some("at+jwt"), payload(json!({ claim: null })).to_string().as_bytes());
        let error = verify_at(&token, &strict, NOW).unwrap_err();
        assert_eq!(error, JoseError::MissingClaim(claim));
        let lenient = verify_at(&token, &rules(), NOW).map(|_| ());
        let expected = match claim {
            "aud" => Err(JoseError::wrong_audience("api://orders", "")),
            _ => Ok(()),
        };
        assert_eq!(lenient, expected, "{claim}");
    }
    for claim in ["iss", "exp"] {
        let token = signed(Some("at+jwt"), payload(json!({ claim: null })).to_string().as_bytes());
        assert_eq!(verify_at(&token, &strict, NOW).unwrap_err(), malformed(claim));
    }
    // An `iat` or `jti` in an unusual form is absent.
    for (claim, odd) in [("iat", json!("2023-11-14T22:13:20Z")), ("jti", json!(7))] {
        let token = signed(Some("at+jwt"), payload(json!({ claim: odd })).to_string().as_bytes());
        let error = verify_at(&token, &strict, NOW).unwrap_err();
        assert_eq!(error, JoseError::MissingClaim(claim));
        assert!(verify_at(&token, &rules(), NOW).is_ok());
    }
    // `cid` is Okta's name for the same claim.
    let okta = payload(json!({ "client_id": null, "cid": "reader" })).to_string();
    assert!(verify_at(&signed(Some("at+jwt"), okta.as_bytes()), &strict, NOW).is_ok());
}

#[test]
fn the_token_kind_rule_and_the_client_rule_are_enforced() {
    let bearer = rules().with_token_kind("Bearer");
    let verify = |rules: &Rules, members: Value| {
        let token = signed(Some("JWT"), payload(members).to_string().as_bytes());
        verify_at(&token, rules, NOW).map(|_| ())
    };
    assert_eq!(verify(&bearer, json!({ "typ": "Bearer" })), Ok(()));
    for typ in [json!("Refresh"), json!("ID"), json!("bearer"), Value::Null] {
        assert_eq!(verify(&bearer, json!({ "typ": typ })), Err(JoseError::WrongType), "{typ}");
    }
    let named = rules().with_client_rule(ClientRule::Named);
    assert_eq!(verify(&named, json!({})), Ok(()));
    let nameless = Err(JoseError::MissingClaim("client_id"));
    assert_eq!(verify(&named, json!({ "client_id": null, "azp": "portal" })), nameless);
    let mapped = named.with_mapping(ClaimMapping::new().client_id("azp"));
    assert_eq!(verify(&mapped, json!({ "client_id": null, "azp": "portal" })), Ok(()));
}

/// The result of the lenient rule for a token with these claims. It is the same for every header
/// other than `at+jwt`.
fn lenient(members: &Value) -> Result<(), JoseError> {
    let body = payload(members.clone()).to_string();
    let [bare, jwt] = [None, Some("JWT")]
        .map(|typ| verify_at(&signed(typ, body.as_bytes()), &rules(), NOW).map(|_| ()));
    assert_eq!(bare, jwt, "{members}");
    // With the header `at+jwt` these claims do not matter.
    assert!(verify_at(&signed(Some("at+jwt"), body.as_bytes()), &rules(), NOW).is_ok());
    bare
}

#[test]
fn an_id_token_is_refused() {
    for members in [
        json!({ "token_use": "id" }),
        json!({ "typ": "ID" }),
        json!({ "at_hash": "AA" }),
        json!({ "c_hash": "AA" }),
        json!({ "nonce": "AA", "scope": null }),
        json!({ "nonce": "AA", "scope": "" }),
        json!({ "token_use": ["id"] }),
        json!({ "token_use": 7 }),
        json!({ "typ": ["ID"] }),
        json!({ "typ": {} }),
        json!({ "at_hash": [] }),
        json!({ "c_hash": false }),
        json!({ "nonce": 0, "scope": null }),
        json!({ "nonce": "AA", "scope": null, "token_use": {} }),
        json!({ "nonce": "AA", "scope": null, "typ": 7 }),
    ] {
        assert_eq!(lenient(&members), Err(JoseError::WrongType), "{members}");
    }
}

/// Dex writes `at_hash` into access tokens. It writes `c_hash` into the ID tokens of a code.
#[test]
fn at_hash_is_accepted_only_where_the_rules_allow_it() {
    let allowing = rules().with_at_hash_allowed();
    assert!(allowing.allows_at_hash() && !rules().allows_at_hash());
    let verify = |rules: &Rules, members: Value| {
        let token = signed(None, payload(members).to_string().as_bytes());
        verify_at(&token, rules, NOW).map(|_| ())
    };
    let dex = json!({ "at_hash": "AA", "scope": null });
    assert_eq!(verify(&allowing, dex.clone()), Ok(()));
    assert_eq!(verify(&rules(), dex), Err(JoseError::WrongType));
    assert_eq!(verify(&allowing, json!({})), Ok(()));
    for members in [
        json!({ "c_hash": "AA" }),
        json!({ "at_hash": "AA", "c_hash": "AA" }),
        json!({ "at_hash": "AA", "nonce": "AA", "scope": null }),
        json!({ "at_hash": "AA", "token_use": "id" }),
        json!({ "at_hash": "AA", "typ": "ID" }),
        json!({ "at_hash": "AA", "events": {} }),
    ] {
        assert_eq!(verify(&allowing, members.clone()), Err(JoseError::WrongType), "{members}");
    }
}

/// Keycloak before version 25 copied the `nonce` into access tokens.
#[test]
fn a_nonce_with_scopes_or_a_token_kind_is_accepted() {
    for members in [
        json!({ "nonce": "AA" }),
        json!({ "nonce": "AA", "scope": null, "scp": "read:orders", "azp": "portal" }),
        json!({ "nonce": "AA", "scope": null, "typ": "Bearer" }),
        json!({ "nonce": "AA", "scope": null, "token_use": "access" }),
    ] {
        assert_eq!(lenient(&members), Ok(()), "{members}");
    }
}

/// RFC 8417 §2.2. Logout tokens are security event tokens too (OpenID Connect Back-Channel Logout
/// §2.4).
#[test]
fn a_security_event_token_is_refused() {
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    for events in [json!({ logout: {} }), json!({}), json!([]), json!("x"), json!(0)] {
        let verdict = lenient_with_raw_member("events", &events);
        assert_eq!(verdict, Err(JoseError::WrongType), "{events}");
    }
}

#[test]
fn a_claim_that_is_null_is_absent() {
    for claim in ["events", "at_hash", "c_hash", "nonce", "token_use", "typ", "cnf", "nbf", "scp"] {
        assert_eq!(lenient_with_raw_member(claim, &Value::Null), Ok(()), "{claim}");
    }
}

/// Supabase writes `amr` as objects, and AD FS writes `auth_time` as ISO text.
#[test]
fn an_unusual_claim_that_the_decision_does_not_need_passes() {
    for members in [
        json!({ "amr": [{ "method": "password", "timestamp": 1 }] }),
        json!({ "auth_time": "2023-11-14T22:13:20.000Z" }),
        json!({ "iat": "2023-11-14T22:13:20Z", "jti": 7, "uid": {}, "acr": 1, "ver": [] }),
        json!({ "roles": { "admin": {} }, "groups": 7 }),
    ] {
        assert_eq!(lenient(&members), Ok(()), "{members}");
    }
}

/// Like [`lenient`], with a member that may be `null`.
fn lenient_with_raw_member(member: &str, value: &Value) -> Result<(), JoseError> {
    let good = payload(json!({})).to_string();
    let body = good.replacen('{', &format!(r#"{{"{member}":{value},"#), 1);
    verify_at(&signed(None, body.as_bytes()), &rules(), NOW).map(|_| ())
}

#[test]
fn a_claim_typ_of_another_kind_of_token_is_refused() {
    let others =
        ["ID", "Refresh", "Offline", "Logout", "Registration", "DPoP", "id", "refresh_token", ""];
    for kind in others {
        assert_eq!(lenient(&json!({ "typ": kind })), Err(JoseError::WrongType), "{kind}");
    }
    for kind in ["Bearer", "bearer", "JWT", "at+jwt", "application/at+jwt", "access"] {
        assert_eq!(lenient(&json!({ "typ": kind })), Ok(()), "{kind}");
    }
    // The rules may require a custom value of an issuer.
    let own = rules().with_token_kind("m2m");
    let body = |kind| payload(json!({ "typ": kind })).to_string();
    assert!(verify_at(&signed(None, body("m2m").as_bytes()), &own, NOW).is_ok());
    let other = verify_at(&signed(None, body("Bearer").as_bytes()), &own, NOW).unwrap_err();
    assert_eq!(other, JoseError::WrongType);
}

#[test]
fn a_token_that_is_bound_to_a_key_is_refused() {
    for cnf in [json!({ "jkt": "AA" }), json!({ "x5t#S256": "AA" }), json!({}), json!(false)] {
        assert_eq!(refusal(json!({ "cnf": cnf })), JoseError::SenderConstrained, "{cnf}");
    }
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
