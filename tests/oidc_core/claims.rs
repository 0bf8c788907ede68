//! Core §5.4, §5.5: claims that are requested by scopes and by the parameter `claims`.

use std::collections::BTreeSet;

use scopegate_tests::{TestServer, claims};
use serde_json::json;

use crate::oidc_core::flow::{code, error, id_token, redeemed, request, start, tokens, userinfo};
use crate::oidc_core::world::{add_alice, catalog, profile};

#[tokio::test]
async fn userinfo_returns_the_claims_of_each_scope_with_the_sub_of_the_id_token() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for (scope, told) in [
        ("openid profile", "family_name"),
        ("openid email", "email"),
        ("openid address", "address"),
        ("openid phone", "phone_number"),
        ("openid profile email address phone", "locale"),
    ] {
        let tokens = tokens(&server, &mut browser, &[("scope", scope)]).await;
        let known = userinfo(&server, &tokens).await;
        assert_eq!(known[told], profile()[told], "{scope}");
        assert_eq!(known["sub"], id_token(&server, &tokens).await["sub"]);
    }
}

#[tokio::test]
async fn an_essential_claim_is_returned_where_it_was_requested() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let claims = json!({
        "userinfo": { "name": { "essential": true }, "website": null },
        "id_token": { "email": null, "auth_time": { "essential": true }, "shoe_size": null },
    });
    let tokens = tokens(&server, &mut browser, &[("claims", &claims.to_string())]).await;
    let known = userinfo(&server, &tokens).await;
    assert_eq!(known, json!({ "sub": alice.id.as_str(), "name": "Alice Liddell" }));
    let claims = id_token(&server, &tokens).await;
    assert_eq!(claims["email"], "alice@example.com");
    assert!(claims["auth_time"].is_number() && claims.get("name").is_none(), "{claims}");
    assert!(claims.get("shoe_size").is_none(), "{claims}");
}

#[tokio::test]
async fn a_malformed_claims_parameter_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let long = json!({ "userinfo": { "n".repeat(8 * 1024): null } }).to_string();
    for claims in ["{", "[]", r#"{"userinfo":1}"#, &long] {
        let answer = browser.authorize(&request(&[("claims", claims)])).await;
        match answer.status.as_u16() {
            // The URL is longer than the server allows.
            414 | 400 | 413 => assert!(claims.len() > 8 * 1024),
            _ => assert_eq!(error(&answer), "invalid_request", "{claims}"),
        }
    }
}

/// As at Okta, rules and claims may name the standard scopes. A rule that is only for sign-in names
/// nothing else.
#[tokio::test]
async fn a_rule_and_a_claim_may_name_standard_scopes() {
    let catalog = catalog().rule("people", "scopes = [\"openid\", \"profile\"]").claim(
        "shoe_size",
        r#"
        token = "id"
        scopes = ["profile"]
        value = { attribute = "user.shoe_size" }
        "#,
    );
    let server = TestServer::start(catalog).await;
    let alice = add_alice(&server).await;
    let mut browser = server.browser_of(&alice).await;
    for (scope, told) in [("openid profile", json!(39)), ("openid email", json!(null))] {
        let tokens = tokens(&server, &mut browser, &[("scope", scope)]).await;
        assert_eq!(id_token(&server, &tokens).await["shoe_size"], told, "{scope}");
    }
    let more = browser.authorize(&request(&[("scope", "openid read:orders")])).await;
    assert_eq!(error(&more), "access_denied");
}

/// §5.5: members that are not understood are ignored. Only members that restrict the request must
/// be well-formed.
#[tokio::test]
async fn unknown_members_of_claims_are_ignored() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for ignored in [
        json!({ "id_token": { "verified_claims": [{ "verification": null }] } }),
        json!({ "id_token": { "name": [true], "email": "x", "acr": { "essential": null } } }),
        json!({ "id_token": { "sub": { "values": null, "unknown": 1 }, "acr": null } }),
        json!({ "userinfo": { "email": { "essential": "yes", "value": 1 }, "sub": [] } }),
        json!({ "access_token": [], "id_token": null }),
    ] {
        tokens(&server, &mut browser, &[("claims", &ignored.to_string())]).await;
    }
    let named = json!({ "id_token": { "name": [true] }, "userinfo": { "email": "x" } });
    let tokens = tokens(&server, &mut browser, &[("claims", &named.to_string())]).await;
    assert_eq!(id_token(&server, &tokens).await["name"], "Alice Liddell");
    assert_eq!(userinfo(&server, &tokens).await["email"], "alice@example.com");
    for binding in [
        json!({ "id_token": { "sub": [true, "x"] } }),
        json!({ "id_token": { "sub": { "values": "x" } } }),
        json!({ "id_token": { "sub": { "value": 1 } } }),
        json!({ "id_token": { "acr": { "essential": "yes" } } }),
        json!({ "id_token": { "acr": "phrh" } }),
    ] {
        let answer = browser.authorize(&request(&[("claims", &binding.to_string())])).await;
        assert_eq!(error(&answer), "invalid_request", "{binding}");
    }
}

/// §5.5.1.1, and the error of "Unmet Authentication Requirements" 1.0.
#[tokio::test]
async fn an_unsupported_essential_acr_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let of = |essential: bool, acr: &str| {
        json!({ "id_token": { "acr": { "essential": essential, "values": [acr] } } }).to_string()
    };
    let strong = of(true, "phrh");
    let answer = browser.authorize(&request(&[("claims", &strong)])).await;
    assert_eq!(error(&answer), "unmet_authentication_requirements");
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    let known = "urn:okta:loa:1fa:pwd";
    for met in [of(false, "phrh"), of(true, known)] {
        let tokens = tokens(&server, &mut browser, &[("claims", &met)]).await;
        assert_eq!(id_token(&server, &tokens).await["acr"], known);
    }
}

/// Okta's limit: 101 groups are refused, 100 are accepted.
#[tokio::test]
async fn more_than_100_groups_fail_the_request() {
    for token in ["access", "id"] {
        let teams = "value = { groups = { starts_with = \"team-\" } }";
        let claim = format!("token = \"{token}\"\n{teams}");
        let server = TestServer::start(catalog().claim("teams", &claim)).await;
        let alice = add_alice(&server).await;
        let teams: BTreeSet<String> = (0..101).map(|number| format!("team-{number}")).collect();
        let (authority, none) = (server.authority(), BTreeSet::new());
        authority.change_user_groups("alice", &teams, &none).await.unwrap();
        let mut browser = server.browser_of(&alice).await;
        let first = code(&browser.authorize(&request(&[])).await);
        // A second try gives the same error, because the code was not used up.
        for _ in 0..2 {
            redeemed(&server, &first).await.expect_error(400, "server_error");
        }
        let one = [teams.first().unwrap().clone()].into();
        authority.change_user_groups("alice", &none, &one).await.unwrap();
        let second = code(&browser.authorize(&request(&[])).await);
        let tokens = redeemed(&server, &second).await.expect(200).json();
        let said = claims(tokens[format!("{token}_token")].as_str().unwrap());
        assert_eq!(
            said["teams"].as_array().unwrap().len(),
            100,
            "the group staff does not match the filter"
        );
    }
}
