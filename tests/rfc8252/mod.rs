//! RFC 8252, OAuth 2.0 for Native Apps.

use scopegate_tests::Pkce;

use crate::rfc6749::world::{app_asking, assert_page, start};

#[tokio::test]
async fn s7_3_any_loopback_port() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (pkce, uri) = (Pkce::generate(), "http://127.0.0.1:51004/cb");
    let answer = browser.authorize(&app_asking(uri, &pkce)).await;
    assert!(answer.header("location").starts_with("http://127.0.0.1:51004/cb?code="));
    let code = answer.sent("code").unwrap();
    let app = server.as_public_client("app");
    let other_port = app.redeem(&code, "http://127.0.0.1:51005/cb", &pkce).await;
    other_port.expect_error(400, "invalid_grant");
    app.redeem(&code, uri, &pkce).await.expect(200);
}

#[tokio::test]
async fn s8_4_nothing_else_differs() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let pkce = Pkce::generate();
    for uri in [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "https://app.example:51004/cb",
    ] {
        assert_page(&browser.authorize(&app_asking(uri, &pkce)).await, 400);
    }
}
