//! The whole flow from the authorization request to several refreshes.

use std::time::Duration;

use scopegate_claims::Clock;
use scopegate_core::store::UserKey;
use scopegate_tests::{Catalog, Pkce, TestClient, TestServer, claims};
use serde_json::Value;
use url::form_urlencoded;

use crate::refresh_families::place::tokens;

/// `portal` rotates without a leeway, `browser` with the default of a public client. `visitor` may
/// not use refresh tokens.
fn catalog() -> Catalog {
    let may_refresh = "grant_types = [\"authorization_code\", \"refresh_token\"]";
    let here = "redirect_uris = [\"http://127.0.0.1/cb\"]";
    Catalog::of_orders()
        .rule(
            "read",
            r#"
            grant_types = ["authorization_code"]
            scopes = ["read:orders"]
            refresh_token_lifetime = "30d"
            refresh_token_window = "7d"
            "#,
        )
        .client(
            "portal",
            &format!(
                "{may_refresh}\n{here}\nrefresh_token = {{ rotation_type = \"ROTATE\", leeway = 0 }}"
            ),
        )
        .client("browser", &format!("type = \"browser\"\n{may_refresh}\n{here}"))
        .client(
            "visitor",
            &format!("type = \"web\"\ngrant_types = [\"authorization_code\"]\n{here}"),
        )
}

const REDIRECT: &str = "http://127.0.0.1:4000/cb";

/// Signs Alice in and redeems the code of a client. Returns the answer of the token endpoint.
async fn redeemed(server: &TestServer, id: &str, client: &TestClient<'_>, scope: &str) -> Value {
    let alice = match server.authority().store().user(UserKey::Login("alice")).await.unwrap() {
        Some(alice) => alice,
        None => server.add_user("alice", &[]).await,
    };
    let (mut browser, pkce) = (server.browser_of(&alice).await, Pkce::generate());
    let asked = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", REDIRECT),
        ("scope", scope),
        ("nonce", "a nonce"),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ];
    let answer = browser.authorize(&asked).await;
    let code = browser.agree(answer).await.sent("code").expect("the client gets a code");
    client.redeem(&code, REDIRECT, &pkce).await.expect(200).json()
}

#[tokio::test]
async fn s6_there_is_no_refresh_token_without_offline_access() {
    let server = TestServer::start(catalog()).await;
    let portal = server.as_client("portal");
    let without = redeemed(&server, "portal", &portal, "openid read:orders").await;
    assert!(without["access_token"].is_string() && without["refresh_token"].is_null());
    // A client that may not use refresh tokens does not get the scope.
    let (visitor, scope) = (server.as_client("visitor"), "openid offline_access");
    let useless = redeemed(&server, "visitor", &visitor, scope).await;
    assert!(useless["refresh_token"].is_null());
    assert_eq!(useless["scope"], "openid");
}

#[tokio::test]
async fn s12_2_a_refresh_keeps_the_user_and_the_sign_in() {
    let server = TestServer::start(catalog()).await;
    let portal = server.as_client("portal");
    let scope = "openid read:orders offline_access";
    let first = redeemed(&server, "portal", &portal, scope).await;
    let before = claims(first["id_token"].as_str().unwrap());
    assert_eq!(before["nonce"], "a nonce");

    server.clock().advance(Duration::from_secs(3600));
    let token = first["refresh_token"].as_str().unwrap();
    let second = portal.refresh(token).await.expect(200).json();
    assert_eq!(second["scope"], first["scope"]);
    assert_ne!(second["access_token"], first["access_token"]);
    let after = claims(second["id_token"].as_str().unwrap());
    for same in ["iss", "sub", "aud", "auth_time", "sid", "acr"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["iat"], server.clock().now().as_seconds());
    assert!(after["nonce"].is_null() && after["azp"].is_null() && after["at_hash"].is_string());
    assert_ne!(after["at_hash"], before["at_hash"]);
    assert_eq!(claims(second["access_token"].as_str().unwrap())["sub"], after["sub"]);
}

#[tokio::test]
async fn a_public_client_gets_rotating_refresh_tokens() {
    let server = TestServer::start(catalog()).await;
    let browser = server.as_public_client("browser");
    let scope = "read:orders offline_access";
    let first = redeemed(&server, "browser", &browser, scope).await;
    let token = first["refresh_token"].as_str().unwrap();
    let (_, child) = tokens(browser.refresh(token).await);
    assert_ne!(child, token);
    assert_eq!(tokens(browser.refresh(token).await).1, child, "the default leeway is 30 s");
    server.clock().advance(Duration::from_secs(31));
    browser.refresh(token).await.expect_error(400, "invalid_grant");
    browser.refresh(&child).await.expect_error(400, "invalid_grant");
}

/// As at Okta's org server, refresh tokens end after 90 days, or after 7 days without use.
#[tokio::test]
async fn the_org_server_has_its_own_lifetimes() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const SECOND: Duration = Duration::from_secs(1);
    let server = TestServer::start(catalog()).await;
    let alice = server.add_user("alice", &[]).await;
    let portal = server.as_client("portal");
    let (at, token_endpoint) = ("/oauth2/v1/authorize", "/oauth2/v1/token");
    let begin = async || {
        let (mut browser, pkce) = (server.browser_of(&alice).await, Pkce::generate());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", "portal")
            .append_pair("redirect_uri", REDIRECT)
            .append_pair("scope", "openid offline_access")
            .append_pair("code_challenge", &pkce.challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let answer = browser.open(&format!("{at}?{query}")).await;
        let code = browser.agree(answer).await.sent("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", pkce.verifier.as_str()),
        ];
        tokens(portal.post_to(token_endpoint, &form).await).1
    };
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        portal.post_to(token_endpoint, &form).await
    };

    let unused = begin().await;
    server.clock().advance(DAY * 7 - SECOND);
    let unused = tokens(refresh(&unused).await).1;
    server.clock().advance(DAY * 7);
    refresh(&unused).await.expect_error(400, "invalid_grant");

    let mut used = begin().await;
    for _ in 0..14 {
        server.clock().advance(DAY * 6);
        used = tokens(refresh(&used).await).1;
    }
    server.clock().advance(DAY * 6 - SECOND);
    used = tokens(refresh(&used).await).1;
    server.clock().advance(SECOND);
    refresh(&used).await.expect_error(400, "invalid_grant");
}
