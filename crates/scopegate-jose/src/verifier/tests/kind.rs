//! Which kinds of tokens are access tokens.

use super::*;
use crate::ClientRule;

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
