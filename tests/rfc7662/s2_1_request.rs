//! §2.1, which clients may introspect, and how.

use scopegate_core::store::Ledger;
use scopegate_tests::{Catalog, TestServer};

use crate::rfc7662::place::{inactive, introspect, readers_token, revoke, start};

#[tokio::test]
async fn s2_1_the_client_must_authenticate() {
    let server = start().await;
    let token = readers_token(&server).await;
    let form = [("token", token.as_str())];
    for endpoint in ["introspect", "revoke"] {
        for nobody in [server.anonymous(), server.as_public_client("reader")] {
            let answer = nobody.post(endpoint, &form).await;
            answer.expect_error(401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "));
            assert!(!answer.body.contains(&token));
        }
        let answer = server.anonymous().bearing(&token).post(endpoint, &form).await;
        answer.expect_error(401, "invalid_client");
    }
    assert_eq!(introspect(&server, "reader", &token).await["active"], true);
}

/// Okta allows public clients to introspect. In the other dialects the client must authenticate.
#[tokio::test]
async fn s2_1_a_public_client_may_introspect_only_in_the_okta_dialect() {
    const DOCUMENT: &str = "/oauth2/default/.well-known/oauth-authorization-server";
    for (dialect, is_allowed) in [("both", false), ("rfc9068", false), ("okta", true)] {
        let catalog =
            Catalog::of_orders().server("default", &format!("dialect = {dialect:?}")).client(
                "app",
                r#"
                type = "native"
                grant_types = ["authorization_code"]
                redirect_uris = ["http://127.0.0.1/cb"]
                "#,
            );
        let server = TestServer::start(catalog).await;
        let app = server.as_public_client("app");
        let answer = app.post("introspect", &[("token", "a token")]).await;
        match is_allowed {
            true => assert_eq!(answer.expect(200).json(), inactive()),
            false => drop(answer.expect_error(401, "invalid_client")),
        }
        // Public clients may revoke tokens in every dialect (RFC 7009 §2.1).
        app.post("revoke", &[("token", "a token")]).await.expect(200);
        let document = server.anonymous().read(DOCUMENT).await.expect(200).json();
        let allows_none = |endpoint: &str| {
            let member = &document[format!("{endpoint}_endpoint_auth_methods_supported")];
            member.as_array().unwrap().contains(&"none".into())
        };
        assert_eq!(allows_none("introspection"), is_allowed, "{dialect}");
        assert!(allows_none("revocation") && allows_none("token"));
    }
}

#[tokio::test]
async fn s2_1_a_request_without_a_token_is_refused_with_a_decision_id() {
    let server = start().await;
    for endpoint in ["introspect", "revoke"] {
        for form in [&[][..], &[("token", "")], &[("token_type_hint", "access_token")]] {
            let answer = server.as_client("reader").post(endpoint, form).await;
            let error = answer.expect_error(400, "invalid_request");
            assert_eq!(error["error_description"], "The parameter token is missing.");
            assert!(error["decision_id"].is_string(), "{error}");
        }
    }
}

#[tokio::test]
async fn s2_1_a_bad_form_is_refused() {
    let server = start().await;
    let token = readers_token(&server).await;
    let long = "x".repeat(64 * 1024);
    for endpoint in ["introspect", "revoke"] {
        let reader = server.as_client("reader");
        let twice = reader.post(endpoint, &[("token", &token), ("token", &token)]).await;
        twice.expect_error(400, "invalid_request");
        let two_methods =
            [("token", token.as_str()), ("client_id", "reader"), ("client_secret", "x")];
        let two_methods = reader.post(endpoint, &two_methods).await;
        two_methods.expect_error(400, "invalid_request");
        reader.post(endpoint, &[("token", &long)]).await.expect_error(413, "invalid_request");
        let path = format!("/oauth2/default/v1/{endpoint}");
        let in_url = reader.post_to(&format!("{path}?token={token}"), &[]).await;
        in_url.expect_error(400, "invalid_request");
        reader.read(&path).await.expect_error(405, "invalid_request");
        let nowhere = reader.post_to(&format!("/oauth2/nowhere/v1/{endpoint}"), &[]).await;
        nowhere.expect_error(404, "not_found");
    }
    assert_eq!(introspect(&server, "reader", &token).await["active"], true);
}

/// The hint only suggests where to search first. The token is found with any hint.
#[tokio::test]
async fn s2_1_a_token_type_hint_does_not_change_the_result() {
    let server = start().await;
    let token = readers_token(&server).await;
    for hint in ["access_token", "refresh_token", "invented"] {
        let form = [("token", token.as_str()), ("token_type_hint", hint), ("unknown", "1")];
        let told = server.as_client("reader").post("introspect", &form).await.expect(200).json();
        assert_eq!(told["active"], true, "{hint}");
    }
    let form = [("token", token.as_str()), ("token_type_hint", "refresh_token")];
    server.as_client("reader").post("revoke", &form).await.expect(200);
    assert_eq!(introspect(&server, "reader", &token).await, inactive());
}

#[tokio::test]
async fn a_revoked_token_stays_inactive_after_its_record_is_deleted() {
    let server = start().await;
    let token = readers_token(&server).await;
    revoke(&server, "reader", &token).await;
    for seconds in [0, 599, 1, 60, 3600] {
        server.clock().advance(std::time::Duration::from_secs(seconds));
        let now = server.authority().clock().now();
        server.store().forget_expired(now).await.expect("expired rows can be deleted");
        assert_eq!(introspect(&server, "reader", &token).await, inactive(), "{seconds}");
    }
}
