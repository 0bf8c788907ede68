//! A server with users, and clients that get tokens for them.

use scopegate_core::directory::User;
use scopegate_tests::{Answer, Browser, Catalog, Pkce, TestClient, TestServer, changed};

pub(crate) const CALLBACK: &str = "https://portal.example/cb";

/// The staff may have all scopes, others may read. `portal` need not use PKCE, `other` is only for
/// the staff, `app` is public.
pub(crate) fn catalog() -> Catalog {
    Catalog::of_orders()
        .scope("sell:orders", "description = \"Sell your orders\"\nconsent = \"REQUIRED\"")
        .scope("count:orders", "consent = \"FLEXIBLE\"")
        .staff_and_everybody(&["authorization_code"])
        .client(
            "portal",
            r#"
            grant_types = ["authorization_code", "refresh_token"]
            pkce_required = false
            "#,
        )
        .client(
            "other",
            r#"
            type = "web"
            grant_types = ["authorization_code"]
            redirect_uris = ["https://other.example/cb?tenant=1", "https://portal.example/cb"]
            groups = ["staff"]
            "#,
        )
        .client(
            "app",
            r#"
            type = "browser"
            grant_types = ["authorization_code", "refresh_token"]
            redirect_uris = ["http://127.0.0.1/cb", "https://app.example/cb"]
            "#,
        )
}

/// The server, and Alice, who is in the group `staff`.
pub(crate) async fn start() -> (TestServer, User) {
    TestServer::start_with_alice(catalog()).await
}

/// The authorization request of the portal with changes. An empty value removes a parameter.
pub(crate) fn asking<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid read:orders"),
        ("state", "a state"),
    ];
    changed(&usual, changes)
}

/// Asserts that an error is reported to the client at its redirect URI.
#[track_caller]
pub(crate) fn assert_error_redirect(answer: &Answer, error: &str) {
    let location = answer.header("location");
    assert!(location.starts_with(CALLBACK), "{} {}", answer.status, answer.body);
    assert_eq!(answer.sent("error").as_deref(), Some(error), "{location}");
    assert!(answer.sent("error_description").is_some());
    assert_eq!(answer.sent("code"), None);
    assert_eq!(answer.sent("iss").as_deref(), Some("http://127.0.0.1:9000/oauth2/default"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

/// Asserts an HTML page without a redirect.
#[track_caller]
pub(crate) fn assert_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
}

/// A code for the portal, in a browser with a session. The user gives consent if the server asks.
pub(crate) async fn code(browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> String {
    let answer = browser.authorize(&asking(changes)).await;
    let answer = browser.agree(answer).await;
    answer.sent("code").expect("the client gets a code")
}

/// Redeems a code of the portal, without PKCE.
pub(crate) async fn redeem(client: &TestClient<'_>, code: &str) -> Answer {
    client.token(&redemption(code)).await
}

pub(crate) fn redemption(code: &str) -> [(&str, &str); 3] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)]
}

/// The authorization request of the app.
pub(crate) fn app_asking<'a>(redirect_uri: &'a str, pkce: &'a Pkce) -> Vec<(&'a str, &'a str)> {
    asking(&[
        ("client_id", "app"),
        ("redirect_uri", redirect_uri),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ])
}
