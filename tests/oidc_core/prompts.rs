//! Core §3.1.2.1, §3.1.2.3: when a person is asked to sign in, and when not.

use std::time::Duration;

use scopegate_tests::password_of;

use crate::oidc_core::flow::{altered, code, error, id_token, question, redeemed, start, tokens};

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let (server, _) = start().await;
    let answer = server.browser().authorize(&question(&[("prompt", "none")])).await;
    assert_eq!(error(&answer), "login_required");
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
}

#[tokio::test]
async fn prompt_none_with_a_session_is_the_same_sign_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let first = id_token(&server, &tokens(&server, &mut browser, &[]).await).await;
    server.clock().advance(Duration::from_secs(90));
    let silent = browser.authorize(&question(&[("prompt", "none")])).await;
    let silent = redeemed(&server, &code(&silent)).await.expect(200).json();
    let second = id_token(&server, &silent).await;
    for same in ["sub", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_ne!(first["iat"], second["iat"]);
}

#[tokio::test]
async fn prompt_login_signs_in_anew() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let first = id_token(&server, &tokens(&server, &mut browser, &[]).await).await;
    server.clock().advance(Duration::from_secs(5));
    let second = tokens(&server, &mut browser, &[("prompt", "login")]).await;
    let second = id_token(&server, &second).await;
    assert_eq!(first["sub"], second["sub"]);
    assert_eq!(second["auth_time"], 1_800_000_005);
}

#[tokio::test]
async fn max_age_signs_in_anew_only_when_the_sign_in_is_older() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    tokens(&server, &mut browser, &[]).await;
    server.clock().advance(Duration::from_secs(2));
    let not_older = browser.authorize(&question(&[("max_age", "10000")])).await;
    let kept = redeemed(&server, &code(&not_older)).await.expect(200).json();
    assert_eq!(id_token(&server, &kept).await["auth_time"], 1_800_000_000);
    let older = browser.authorize(&question(&[("max_age", "1")])).await;
    let anew = browser.sign_in(older, "alice").await;
    let anew = redeemed(&server, &code(&anew)).await.expect(200).json();
    assert_eq!(id_token(&server, &anew).await["auth_time"], 1_800_000_002);
}

#[tokio::test]
async fn an_id_token_hint_admits_its_person_only() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let mut browser = server.browser();
    let tokens = tokens(&server, &mut browser, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let asked = [("prompt", "none"), ("id_token_hint", hint)];
    code(&browser.authorize(&question(&asked)).await);
    let mut of_bob = server.browser_of(&bob).await;
    assert_eq!(error(&of_bob.authorize(&question(&asked)).await), "login_required");
    let altered = altered(hint);
    for bad in [altered.as_str(), "x", tokens["access_token"].as_str().unwrap()] {
        let asked = [("prompt", "none"), ("id_token_hint", bad)];
        assert_eq!(error(&browser.authorize(&question(&asked)).await), "invalid_request");
    }
}

#[tokio::test]
async fn a_login_hint_fills_the_form_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let answer = browser.authorize(&question(&[("login_hint", "alice")])).await;
    let page = browser.follow(answer).await.expect(200);
    assert_eq!(page.page().field("username"), Some("alice"));
    let answer = browser.fill_in(&page, &[("password", &password_of("alice"))]).await;
    code(&answer);
}
