//! RFC 7523 §3 with RFC 7591 §2: a client that publishes its keys at a `jwks_uri`.

use std::time::Duration;

use futures_util::future::join_all;
use scopegate_jose::SigningKey;
use scopegate_tests::{Answer, TestServer, key, proof};
use serde_json::json;

use super::site::Site;
use crate::rfc7662::place::catalog;

/// A site, and a server whose client `partner` has a `jwks_uri` with this path on the site.
async fn start(path: &str) -> (Site, TestServer) {
    let site = Site::default();
    let address = site.listen().await;
    let partner = format!("auth = \"private_key_jwt\"\njwks_uri = \"http://{address}{path}\"");
    let server = TestServer::start(catalog().client("partner", &partner)).await;
    (site, server)
}

/// `partner` requests a token and authenticates with a key.
async fn requests_token(server: &TestServer, key: &SigningKey) -> Answer {
    sends_assertion(server, &server.assertion_of("partner", key, "/oauth2/default")).await
}

/// A token request with an assertion of `partner`.
async fn sends_assertion(server: &TestServer, assertion: &str) -> Answer {
    let asked = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    server.anonymous().token(&[asked, proof(assertion)].concat()).await
}

/// A request about a token to another endpoint, with an assertion of `partner`.
async fn sends_a_token_to(server: &TestServer, endpoint: &str, assertion: &str) -> Answer {
    let form = [&[("token", "x")], proof(assertion).as_slice()].concat();
    server.anonymous().post(endpoint, &form).await
}

#[tokio::test]
async fn jwks_uri_is_fetched_once_for_many_requests() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    for answer in join_all((0..20).map(|_| requests_token(&server, &key))).await {
        answer.expect(200);
    }
    requests_token(&server, &key).await.expect(200);
    assert_eq!(site.requests(), 1);
}

#[tokio::test]
async fn an_unknown_kid_causes_one_refresh_within_the_cool_down() {
    let (site, server) = start("/keys").await;
    let (old, new) = (key(), key());
    site.publish(&[&old]);
    requests_token(&server, &old).await.expect(200);
    site.publish(&[&old, &new]);
    server.clock().advance(Duration::from_secs(60));
    requests_token(&server, &new).await.expect(200);
    for _ in 0..5 {
        requests_token(&server, &key()).await.expect_error(401, "invalid_client");
    }
    assert_eq!(site.requests(), 2);
    // A removed key is refused once the cached set has expired.
    site.publish(&[&new]);
    server.clock().advance(Duration::from_secs(600));
    requests_token(&server, &old).await.expect_error(401, "invalid_client");
    requests_token(&server, &new).await.expect(200);
}

#[tokio::test]
async fn an_outage_of_the_jwks_uri_is_503_and_never_4xx() {
    let (site, server) = start("/keys").await;
    let key = key();
    let answer = requests_token(&server, &key).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    site.publish(&[&key]);
    server.clock().advance(Duration::from_secs(5));
    requests_token(&server, &key).await.expect(200);
    // Cached keys are used during an outage, for up to 24 h.
    site.say(None);
    server.clock().advance(Duration::from_secs(3600));
    requests_token(&server, &key).await.expect(200);
    server.clock().advance(Duration::from_secs(24 * 3600));
    requests_token(&server, &key).await.expect_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_response_that_is_not_a_key_set_is_treated_as_an_outage() {
    let (site, server) = start("/keys").await;
    for body in ["", "<html>", "{}", "[]"] {
        site.say(Some(body.to_owned()));
        let answer = requests_token(&server, &key()).await;
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
    requests_token(&server, &key).await.expect_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (site, server) = start("/moved").await;
    let key = key();
    site.publish(&[&key]);
    requests_token(&server, &key).await.expect_error(503, "temporarily_unavailable");
    assert_eq!(site.requests(), 0);
}

/// `aud` may be the issuer, the token endpoint or the requested endpoint. Other endpoints and other
/// servers are refused.
#[tokio::test]
async fn s3_aud_must_be_the_issuer_or_the_endpoint() {
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
        let answer = sends_a_token_to(&server, "introspect", &assertion).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

/// An assertion for introspection, revocation or PAR is refused at the token endpoint.
#[tokio::test]
async fn s3_an_assertion_for_another_endpoint_gets_no_token() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    for (endpoint, status) in [("introspect", 401), ("revoke", 401), ("par", 401), ("token", 200)] {
        let path = format!("/oauth2/default/v1/{endpoint}");
        let assertion = server.assertion_of("partner", &key, &path);
        assert_eq!(sends_assertion(&server, &assertion).await.status, status, "{endpoint}");
    }
}

#[tokio::test]
async fn introspection_also_uses_up_an_assertion() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    let assertion = server.assertion_of("partner", &key, "/oauth2/default");
    sends_a_token_to(&server, "introspect", &assertion).await.expect(200);
    for endpoint in ["introspect", "revoke"] {
        let again = sends_a_token_to(&server, endpoint, &assertion).await;
        again.expect_error(401, "invalid_client");
    }
}

/// A replay may mean that the assertion was stolen, so it is recorded in the audit log.
#[tokio::test]
async fn an_assertion_that_is_replayed_for_a_token_is_recorded() {
    let (site, server) = start("/keys").await;
    let key = key();
    site.publish(&[&key]);
    let assertion = server.assertion_of("partner", &key, "/oauth2/default/v1/token");
    let is_recorded = |dump: Vec<u8>| String::from_utf8_lossy(&dump).contains("invalid_client");
    sends_assertion(&server, &assertion).await.expect(200);
    assert!(!is_recorded(server.dump().await));
    let again = sends_assertion(&server, &assertion).await.expect_error(401, "invalid_client");
    assert_eq!(again["decision_id"], json!(null), "no client was authenticated");
    assert!(is_recorded(server.dump().await));
}
