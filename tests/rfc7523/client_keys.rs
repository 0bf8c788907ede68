//! RFC 7523 §3 with RFC 7591 §2: a client whose keys are at a URL.

use std::time::Duration;

use futures_util::future::join_all;
use scopegate_jose::SigningKey;
use scopegate_tests::{Answer, TestServer, key, proof};
use serde_json::json;

use super::site::Site;
use crate::rfc7662::place::catalog;

/// A site, and a server whose client `partner` publishes its keys under a path of it.
async fn start(path: &str) -> (Site, TestServer) {
    let site = Site::default();
    let address = site.listen().await;
    let partner = format!("auth = \"private_key_jwt\"\njwks_uri = \"http://{address}{path}\"");
    let server = TestServer::start(catalog().client("partner", &partner)).await;
    (site, server)
}

/// `partner` asks for a token, and proves with a key who it is.
async fn asks(server: &TestServer, key: &SigningKey) -> Answer {
    shows(server, &server.assertion_of("partner", key, "/oauth2/default")).await
}

/// Somebody asks for a token with an assertion of `partner`.
async fn shows(server: &TestServer, assertion: &str) -> Answer {
    let asked = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    server.anonymous().token(&[asked, proof(assertion)].concat()).await
}

/// Somebody asks an endpoint about a token, with an assertion of `partner`.
async fn asks_about_a_token(server: &TestServer, endpoint: &str, assertion: &str) -> Answer {
    let form = [&[("token", "x")], proof(assertion).as_slice()].concat();
    server.anonymous().post(endpoint, &form).await
}

#[tokio::test]
async fn jwks_uri_is_fetched_once_for_many() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    for answer in join_all((0..20).map(|_| asks(&server, &key))).await {
        answer.expect(200);
    }
    asks(&server, &key).await.expect(200);
    assert_eq!(site.asked(), 1);
}

#[tokio::test]
async fn an_unknown_kid_refreshes_within_the_cool_down_once() {
    let (site, server) = start("/keys").await;
    let (old, new) = (key(), key());
    site.publish(&[&old]);
    asks(&server, &old).await.expect(200);
    site.publish(&[&old, &new]);
    server.clock().advance(Duration::from_secs(60));
    asks(&server, &new).await.expect(200);
    for _ in 0..5 {
        asks(&server, &key()).await.expect_error(401, "invalid_client");
    }
    assert_eq!(site.asked(), 2);
    // A key that was withdrawn serves no longer than the set is kept.
    site.publish(&[&new]);
    server.clock().advance(Duration::from_secs(600));
    asks(&server, &old).await.expect_error(401, "invalid_client");
    asks(&server, &new).await.expect(200);
}

#[tokio::test]
async fn an_outage_is_503_and_no_4xx() {
    let (site, server) = start("/keys").await;
    let key = key();
    let answer = asks(&server, &key).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    site.publish(&[&key]);
    server.clock().advance(Duration::from_secs(5));
    asks(&server, &key).await.expect(200);
    // Once they were had, they bridge an outage.
    site.say(None);
    server.clock().advance(Duration::from_secs(3600));
    asks(&server, &key).await.expect(200);
    server.clock().advance(Duration::from_secs(24 * 3600));
    asks(&server, &key).await.expect_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn what_is_no_key_set_is_an_outage() {
    let (site, server) = start("/keys").await;
    for body in ["", "<html>", "{}", "[]"] {
        site.say(Some(body.to_owned()));
        let answer = asks(&server, &key()).await;
        answer.expect_error(503, "temporarily_unavailable");
        server.clock().advance(Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_large_set_is_refused() {
    let (site, server) = start("/keys").await;
    let key = key();
    let set = json!({ "keys": [key.public_jwk()], "x": "x".repeat(256 * 1024) });
    site.say(Some(set.to_string()));
    asks(&server, &key).await.expect_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (site, server) = start("/moved").await;
    let key = key();
    site.publish(&[&key]);
    asks(&server, &key).await.expect_error(503, "temporarily_unavailable");
    assert_eq!(site.asked(), 0);
}

/// What is asked may be named as well as the issuer and the token endpoint, but nothing else, and
/// nothing of another server.
#[tokio::test]
async fn s3_aud_is_the_issuer_or_the_endpoint() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    for (path, status) in [
        ("/oauth2/default", 200),
        ("/oauth2/default/v1/token", 200),
        ("/oauth2/default/v1/introspect", 200),
        ("/oauth2/default/v1/revoke", 401),
        ("/oauth2/default/v1/keys", 401),
        ("/oauth2/default/v1/authorize", 401),
        ("/oauth2/default/v1/invented", 401),
        ("/oauth2/billing/v1/introspect", 401),
        ("", 401),
    ] {
        let assertion = server.assertion_of("partner", &key, path);
        let answer = asks_about_a_token(&server, "introspect", &assertion).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

/// What was made to look into a token, or to push a request, gets none.
#[tokio::test]
async fn s3_an_assertion_for_another_endpoint_gets_no_token() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    for (endpoint, status) in [("introspect", 401), ("revoke", 401), ("par", 401), ("token", 200)] {
        let path = format!("/oauth2/default/v1/{endpoint}");
        let assertion = server.assertion_of("partner", &key, &path);
        assert_eq!(shows(&server, &assertion).await.status, status, "{endpoint}");
    }
}

#[tokio::test]
async fn an_assertion_is_used_up_by_introspection_too() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    let assertion = server.assertion_of("partner", &key, "/oauth2/default");
    asks_about_a_token(&server, "introspect", &assertion).await.expect(200);
    for endpoint in ["introspect", "revoke"] {
        let again = asks_about_a_token(&server, endpoint, &assertion).await;
        again.expect_error(401, "invalid_client");
    }
}

/// Somebody may have seen it on its way: who reads the audit log learns of it.
#[tokio::test]
async fn an_assertion_that_is_replayed_for_a_token_is_recorded() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    let assertion = server.assertion_of("partner", &key, "/oauth2/default/v1/token");
    let is_recorded = |dump: Vec<u8>| String::from_utf8_lossy(&dump).contains("invalid_client");
    shows(&server, &assertion).await.expect(200);
    assert!(!is_recorded(server.dump().await));
    let again = shows(&server, &assertion).await.expect_error(401, "invalid_client");
    assert_eq!(again["decision_id"], json!(null), "nobody was authenticated");
    assert!(is_recorded(server.dump().await));
}
