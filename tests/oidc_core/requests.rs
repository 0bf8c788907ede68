//! Core §3.1.2.1, §6: what a request may say, and what of it is refused.

use scopegate_tests::Pkce;

use crate::oidc_core::flow::{REDIRECT, code, error, question, redeemed, start};

#[tokio::test]
async fn without_response_type_the_client_gets_an_error() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&question(&[("response_type", "")])).await;
    assert_eq!(error(&answer), "invalid_request");
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
}

#[tokio::test]
async fn what_is_only_a_wish_is_heard_and_what_is_unknown_ignored() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("extra", "foobar"),
    ] {
        let answer = browser.authorize(&question(&[(name, value)])).await;
        redeemed(&server, &code(&answer)).await.expect(200);
    }
}

#[tokio::test]
async fn an_unregistered_redirect_is_shown_and_never_followed() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for elsewhere in [
        "https://evil.example/cb",
        "https://portal.example/cb/more",
        "https://portal.example/cb?more=1",
        "https://portal.example.evil.example/cb",
    ] {
        let answer = browser.authorize(&question(&[("redirect_uri", elsewhere)])).await.expect(400);
        answer.page();
        assert_eq!(answer.header("location"), "");
        assert!(!answer.body.contains("evil"), "nothing of the request is shown");
    }
}

#[tokio::test]
async fn a_request_by_post_is_answered() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.post("/oauth2/default/v1/authorize", &question(&[])).await;
    redeemed(&server, &code(&answer)).await.expect(200);
    let mut stranger = server.browser();
    let answer = stranger.post("/oauth2/default/v1/authorize", &question(&[])).await;
    let answer = stranger.sign_in(answer, "alice").await;
    redeemed(&server, &code(&answer)).await.expect(200);
}

#[tokio::test]
async fn s6_request_objects_are_refused_never_half_read() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdGF0ZSI6ImZvcmdlZCJ9.";
    for (name, value, expected) in [
        ("request", unsigned, "request_not_supported"),
        ("request_uri", "https://portal.example/request.jwt", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let answer = browser.authorize(&question(&[(name, value)])).await;
        assert_eq!(error(&answer), expected);
        assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    }
}

#[tokio::test]
async fn a_request_with_pkce_is_held_to_it() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let pkce = Pkce::generate();
    let asked = [("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", "S256")];
    let answer = browser.authorize(&question(&asked)).await;
    let portal = server.as_client("portal");
    let other = portal.redeem(&code(&answer), REDIRECT, &Pkce::generate()).await;
    other.expect_error(400, "invalid_grant");
    portal.redeem(&code(&answer), REDIRECT, &pkce).await.expect(200);
}
