//! Whether a session will do: OpenID Connect Core §3.1.2.1, §3.1.2.3.

use std::time::Duration;

use scopegate_tests::{Answer, Browser, TestServer, claims};
use serde_json::Value;

use crate::rfc6749::world::{asking, assert_told, code, redeem, start};

fn is_sign_in(answer: &Answer) -> bool {
    answer.header("location").starts_with("/signin?request=")
}

async fn id_token(server: &TestServer, code: &str) -> (String, Value) {
    let json = redeem(&server.as_client("portal"), code).await.expect(200).json();
    let token = json["id_token"].as_str().unwrap().to_owned();
    let claims = claims(&token);
    (token, claims)
}

async fn signs_in_anew(browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> Answer {
    let answer = browser.authorize(&asking(changes)).await;
    assert!(is_sign_in(&answer), "{changes:?}: {answer:?}");
    browser.sign_in(answer, "alice").await
}

#[tokio::test]
async fn prompt_login_signs_in_anew_with_a_later_auth_time() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let before = id_token(&server, &code(&mut browser, &[]).await).await.1;
    for prompt in ["login", "select_account", "login consent"] {
        server.clock().advance(Duration::from_secs(1));
        let answer = signs_in_anew(&mut browser, &[("prompt", prompt)]).await;
        let after = id_token(&server, &answer.sent("code").unwrap()).await.1;
        assert_eq!(after["sub"], before["sub"]);
        assert!(after["auth_time"].as_u64() > before["auth_time"].as_u64());
    }
}

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let (server, _) = start().await;
    let answer = server.browser().authorize(&asking(&[("prompt", "none")])).await;
    assert_told(&answer, "login_required");
}

#[tokio::test]
async fn prompt_none_with_a_session_keeps_subject_and_auth_time() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let before = id_token(&server, &code(&mut browser, &[("nonce", "n1")]).await).await.1;
    server.clock().advance(Duration::from_secs(5));
    let after = code(&mut browser, &[("prompt", "none")]).await;
    let after = id_token(&server, &after).await.1;
    for claim in ["sub", "auth_time", "sid"] {
        assert_eq!(before[claim], after[claim], "{claim}");
    }
    assert_eq!((&before["nonce"], after["nonce"].is_null()), (&"n1".into(), true));
}

#[tokio::test]
async fn max_age_bounds_how_old_a_sign_in_may_be() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    server.clock().advance(Duration::from_secs(2));
    let kept = id_token(&server, &code(&mut browser, &[("max_age", "10000")]).await).await.1;
    assert!(kept["auth_time"].is_u64());
    let answer = signs_in_anew(&mut browser, &[("max_age", "1")]).await;
    let anew = id_token(&server, &answer.sent("code").unwrap()).await.1;
    assert_eq!(anew["auth_time"].as_u64(), kept["auth_time"].as_u64().map(|at| at + 2));
    signs_in_anew(&mut browser, &[("max_age", "0")]).await;
    let silent = asking(&[("max_age", "0"), ("prompt", "none")]);
    assert_told(&browser.authorize(&silent).await, "login_required");
}

#[tokio::test]
async fn id_token_hint_admits_its_own_person_only() {
    let (server, alice) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let mut browser = server.browser_of(&alice).await;
    let (hint, claims) = id_token(&server, &code(&mut browser, &[]).await).await;
    // It is taken though it has expired.
    server.clock().advance(Duration::from_secs(2 * 60 * 60 - 1));
    let silent = [("prompt", "none"), ("id_token_hint", hint.as_str())];
    assert!(browser.authorize(&asking(&silent)).await.sent("code").is_some());

    let mut other = server.browser_of(&bob).await;
    assert_told(&other.authorize(&asking(&silent)).await, "login_required");
    // Whoever signs in then must be that person.
    let answer = other.authorize(&asking(&[("id_token_hint", &hint)])).await;
    assert!(is_sign_in(&answer));
    assert_told(&other.sign_in(answer, "bob").await, "login_required");

    let subject = claims["sub"].as_str().unwrap();
    let named = format!(r#"{{"id_token":{{"sub":{{"value":"{subject}"}}}}}}"#);
    let silent = [("prompt", "none"), ("claims", named.as_str())];
    assert_told(&other.authorize(&asking(&silent)).await, "login_required");
    assert!(browser.authorize(&asking(&silent)).await.sent("code").is_some());
}

#[tokio::test]
async fn id_token_hint_is_the_clients_own() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
    let id_token = json["id_token"].as_str().unwrap();
    let altered = format!("{}A", &id_token[..id_token.len() - 4]);
    for hint in [altered.as_str(), json["access_token"].as_str().unwrap()] {
        assert_told(
            &browser.authorize(&asking(&[("id_token_hint", hint)])).await,
            "invalid_request",
        );
    }
}

#[tokio::test]
async fn an_essential_class_that_nobody_has_is_denied() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let of = |essential: bool, acr: &str| {
        format!(
            r#"{{"id_token":{{"acr":{{"essential":{essential},"values":["{acr}"]}},"name":null}}}}"#
        )
    };
    let strong = of(true, "phrh");
    assert_told(&browser.authorize(&asking(&[("claims", &strong)])).await, "access_denied");
    for met in [of(false, "phrh"), of(true, "urn:okta:loa:1fa:pwd")] {
        let code = code(&mut browser, &[("claims", &met)]).await;
        let claims = id_token(&server, &code).await.1;
        assert_eq!(
            (&claims["acr"], &claims["name"]),
            (&"urn:okta:loa:1fa:pwd".into(), &"alice".into())
        );
    }
}
