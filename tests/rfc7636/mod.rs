//! RFC 7636, Proof Key for Code Exchange.

use scopegate_tests::{Pkce, TestServer};

use crate::rfc6749::world::{app_asking, asking, code, redeem, start};

const CALLBACK: &str = "https://app.example/cb";

async fn app_code(server: &TestServer, pkce: &Pkce) -> String {
    let mut browser = server.browser();
    browser.code("alice", "app", CALLBACK, "openid read:orders", pkce).await
}

#[tokio::test]
async fn s4_6_the_right_verifier_is_accepted() {
    let (server, _) = start().await;
    let pkce = Pkce::generate();
    let code = app_code(&server, &pkce).await;
    let app = server.as_public_client("app");
    let json = app.redeem(&code, CALLBACK, &pkce).await.expect(200).json();
    assert!(json["access_token"].is_string() && json["id_token"].is_string(), "{json}");
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &600.into()));
}

#[tokio::test]
async fn s4_6_a_wrong_verifier_is_refused() {
    let (server, _) = start().await;
    let pkce = Pkce::generate();
    let code = app_code(&server, &pkce).await;
    let app = server.as_public_client("app");
    let plain = Pkce { verifier: pkce.challenge.clone(), ..pkce.clone() };
    for wrong in [Pkce::generate(), Pkce::of("short"), plain] {
        app.redeem(&code, CALLBACK, &wrong).await.expect_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn s4_6_a_missing_verifier_is_refused() {
    let (server, _) = start().await;
    let code = app_code(&server, &Pkce::generate()).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    server.as_public_client("app").token(&form).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_verifier_without_challenge_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    let portal = server.as_client("portal");
    let answer = portal.redeem(&code, crate::rfc6749::world::CALLBACK, &Pkce::generate()).await;
    answer.expect_error(400, "invalid_grant");
    redeem(&portal, &code).await.expect(200);
}

#[tokio::test]
async fn a_public_client_must_use_pkce() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for client in ["app", "other"] {
        let asked = asking(&[("client_id", client), ("redirect_uri", CALLBACK)]);
        let asked = match client {
            "other" => asking(&[("client_id", client)]),
            _ => asked,
        };
        let answer = browser.authorize(&asked).await;
        assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"), "{client}");
    }
}

#[tokio::test]
async fn the_method_plain_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let pkce = Pkce::generate();
    let mut asked = app_asking(CALLBACK, &pkce);
    for method in ["plain", "s256", "S512"] {
        asked.retain(|(name, _)| *name != "code_challenge_method");
        asked.push(("code_challenge_method", method));
        let answer = browser.authorize(&asked).await;
        assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"), "{method}");
    }
}
