//! For whom a token is.

use super::*;

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
