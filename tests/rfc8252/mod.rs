//! RFC 8252, OAuth 2.0 for Native Apps.

use scopegate_core::catalog::{ClientSpec, ClientType, RedirectUri};
use scopegate_tests::Pkce;

use crate::rfc6749::world::{app_asking, assert_page, start};

#[tokio::test]
async fn s7_3_a_loopback_redirect_may_use_any_port() {
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
async fn s8_4_only_the_port_may_differ() {
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

/// §7.1 and §7.3: the other ways in which a native app can receive the redirect.
#[tokio::test]
async fn other_loopback_hosts_and_private_uri_schemes() {
    let (server, alice) = start().await;
    let uris = ["http://localhost/cb", "http://[::1]/cb", "com.example.app:/cb"];
    let uris = uris.map(|uri| RedirectUri::parse(uri).unwrap());
    let before = server.authority().catalog().client("app").unwrap().unwrap().spec.clone();
    let native =
        ClientSpec { client_type: ClientType::Native, redirect_uris: uris.into(), ..before };
    server.put_client("app", native).await;
    let mut browser = server.browser_of(&alice).await;
    let app = server.as_public_client("app");
    for uri in ["http://localhost:51004/cb", "http://[::1]:51004/cb", "com.example.app:/cb"] {
        let pkce = Pkce::generate();
        let answer = browser.authorize(&app_asking(uri, &pkce)).await;
        assert!(answer.header("location").starts_with(&format!("{uri}?code=")), "{answer:?}");
        let code = answer.sent("code").unwrap();
        app.redeem(&code, uri, &pkce).await.expect(200);
    }
    let pkce = Pkce::generate();
    for uri in [
        "http://127.0.0.1:51004/cb",
        "http://localhost.evil.example:51004/cb",
        "com.example.app:/cb/more",
        "com.example.app://cb",
        "com.example.other:/cb",
    ] {
        assert_page(&browser.authorize(&app_asking(uri, &pkce)).await, 400);
    }
}
