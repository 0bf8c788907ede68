//! Core §3.1.2.1, §3.1.2.3: when the user has to sign in.

use std::time::Duration;

use scopegate_tests::{Answer, Browser, TestServer, password_of};
use serde_json::{Value, json};

use crate::oidc_core::flow::{altered, code, error, id_token, redeemed, request, start, tokens};

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let (server, _) = start().await;
    let answer = server.browser().authorize(&request(&[("prompt", "none")])).await;
    assert_eq!(error(&answer), "login_required");
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
}

#[tokio::test]
async fn prompt_none_with_a_session_reuses_the_sign_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let first = id_token(&server, &tokens(&server, &mut browser, &[]).await).await;
    server.clock().advance(Duration::from_secs(90));
    let silent = browser.authorize(&request(&[("prompt", "none")])).await;
    let silent = redeemed(&server, &code(&silent)).await.expect(200).json();
    let second = id_token(&server, &silent).await;
    for same in ["sub", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert!(first["auth_time"].is_u64() && first["sid"].is_string());
    assert_ne!(first["iat"], second["iat"]);
}

#[tokio::test]
async fn prompt_login_and_select_account_require_a_new_sign_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let first = id_token(&server, &tokens(&server, &mut browser, &[]).await).await;
    for (times, prompt) in [(1, "login"), (2, "select_account"), (3, "login consent")] {
        server.clock().advance(Duration::from_secs(5));
        let answer = browser.authorize(&request(&[("prompt", prompt)])).await;
        let again = signed_in(&server, &mut browser, answer).await;
        assert_eq!(first["sub"], again["sub"]);
        assert_eq!(again["auth_time"], 1_800_000_000 + 5 * times, "{prompt}");
    }
}

#[tokio::test]
async fn max_age_requires_a_new_sign_in_only_if_the_last_one_is_older() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    tokens(&server, &mut browser, &[]).await;
    server.clock().advance(Duration::from_secs(2));
    // The number has no upper bound.
    for age in ["10000", "99999999999", "99999999999999999999", "2"] {
        let not_older = browser.authorize(&request(&[("max_age", age)])).await;
        let kept = redeemed(&server, &code(&not_older)).await.expect(200).json();
        assert_eq!(id_token(&server, &kept).await["auth_time"], 1_800_000_000, "{age}");
    }
    for age in ["1", "0"] {
        let older = browser.authorize(&request(&[("max_age", age)])).await;
        let anew = signed_in(&server, &mut browser, older).await;
        assert_eq!(anew["auth_time"], 1_800_000_002, "{age}");
    }
    let silent = browser.authorize(&request(&[("max_age", "0"), ("prompt", "none")])).await;
    assert_eq!(error(&silent), "login_required");
}

/// The claims of Alice's ID token after signing in at the page that an answer redirects to.
async fn signed_in(server: &TestServer, browser: &mut Browser<'_>, answer: Answer) -> Value {
    assert!(answer.header("location").starts_with("/signin?request="), "{answer:?}");
    let back = browser.sign_in(answer, "alice").await;
    let back = browser.agree(back).await;
    let tokens = redeemed(server, &code(&back)).await.expect(200).json();
    id_token(server, &tokens).await
}

#[tokio::test]
async fn an_id_token_hint_accepts_only_its_user() {
    let (server, alice) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let mut browser = server.browser();
    let tokens = tokens(&server, &mut browser, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    // An expired hint is accepted.
    server.clock().advance(Duration::from_secs(2 * 60 * 60 - 1));
    let silent = [("prompt", "none"), ("id_token_hint", hint)];
    code(&browser.authorize(&request(&silent)).await);
    let mut of_bob = server.browser_of(&bob).await;
    assert_eq!(error(&of_bob.authorize(&request(&silent)).await), "login_required");
    // The user who signs in must be the one of the hint.
    let answer = of_bob.authorize(&request(&[("id_token_hint", hint)])).await;
    assert_eq!(error(&of_bob.sign_in(answer, "bob").await), "login_required");

    let altered = altered(hint);
    for bad in [altered.as_str(), "x", tokens["access_token"].as_str().unwrap()] {
        let asked = [("prompt", "none"), ("id_token_hint", bad)];
        assert_eq!(error(&browser.authorize(&request(&asked)).await), "invalid_request");
    }

    // §5.5.1: the claim `sub` in the request also names the user.
    let named = json!({ "id_token": { "sub": { "value": alice.id.as_str() } } }).to_string();
    let silent = [("prompt", "none"), ("claims", named.as_str())];
    assert_eq!(error(&of_bob.authorize(&request(&silent)).await), "login_required");
    code(&browser.authorize(&request(&silent)).await);
}

#[tokio::test]
async fn a_login_hint_fills_the_form_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let answer = browser.authorize(&request(&[("login_hint", "alice")])).await;
    let page = browser.follow(answer).await.expect(200);
    assert_eq!(page.page().field("username"), Some("alice"));
    let answer = browser.fill_in(&page, &[("password", &password_of("alice"))]).await;
    code(&answer);
}
