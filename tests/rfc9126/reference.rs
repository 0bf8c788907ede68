//! §4: authorization requests with a `request_uri`.

use std::time::Duration;

use futures_util::future::join_all;

use crate::rfc9126::world::{
    CALLBACK, URN, asking, assert_page, push, reference, start, use_request_uri,
};

#[tokio::test]
async fn s2_2_a_request_uri_lives_60_seconds_and_gives_one_code() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (first, second) = (push(&server, &[]).await, push(&server, &[]).await);
    server.clock().advance(Duration::from_secs(59));
    assert!(use_request_uri(&mut browser, &first).await.sent("code").is_some());
    assert_page(&use_request_uri(&mut browser, &first).await, 400);
    server.clock().advance(Duration::from_secs(1));
    assert_page(&use_request_uri(&mut browser, &second).await, 400);
    // A `request_uri` that was never pushed is refused.
    for unknown in [format!("{URN}{}", "a".repeat(43)), format!("{URN}short"), URN.to_owned()] {
        assert_page(&use_request_uri(&mut browser, &unknown).await, 400);
    }
}

#[tokio::test]
async fn of_concurrent_requests_one_gets_a_code() {
    let (server, alice) = start().await;
    for _ in 0..10 {
        let uri = push(&server, &[]).await;
        let tries = (0..4).map(|_| async {
            let mut browser = server.browser_of(&alice).await;
            use_request_uri(&mut browser, &uri).await
        });
        let answers = join_all(tries).await;
        let won = answers.iter().filter(|answer| answer.status == 303).count();
        assert_eq!(won, 1);
        for lost in answers.iter().filter(|answer| answer.status != 303) {
            assert_page(lost, 400);
        }
    }
}

#[tokio::test]
async fn s2_a_request_uri_is_valid_only_for_its_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let uri = push(&server, &[]).await;
    let other = [("client_id", "other"), ("request_uri", uri.as_str())];
    assert_page(&browser.authorize(&other).await, 400);
    assert_page(&browser.authorize(&[("request_uri", uri.as_str())]).await, 400);
    let twice = [("client_id", "portal"), ("request_uri", &uri), ("request_uri", &uri)];
    assert_page(&browser.authorize(&twice).await, 400);
    // Another server refuses it too.
    let query = format!("client_id=portal&request_uri={}", uri.replace(':', "%3A"));
    assert_page(&browser.open(&format!("/oauth2/v1/authorize?{query}")).await, 400);
    assert!(use_request_uri(&mut browser, &uri).await.sent("code").is_some(), "it was not used up");
}

#[tokio::test]
async fn parameters_beside_a_request_uri_are_ignored() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let uri = push(&server, &[]).await;
    let answer = browser
        .authorize(&[
            ("client_id", "portal"),
            ("request_uri", &uri),
            ("redirect_uri", "https://evil.example/cb"),
            ("response_type", "token"),
            ("state", "another"),
            ("scope", "openid sell:orders"),
            ("prompt", "login"),
        ])
        .await;
    assert!(answer.header("location").starts_with(CALLBACK), "{}", answer.header("location"));
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn a_foreign_request_uri_is_reported_to_the_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("request_uri", "urn:example:request")]);
    let answer = browser.authorize(&asked).await;
    assert_eq!(answer.sent("error").as_deref(), Some("request_uri_not_supported"));
}

#[tokio::test]
async fn s6_a_client_that_must_use_par_cannot_do_without() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("client_id", "pusher")]);
    let answer = browser.authorize(&asked).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    let uri = reference(&server.as_client("pusher").post("par", &asked).await.expect(201));
    let brought = [("client_id", "pusher"), ("request_uri", uri.as_str())];
    assert!(browser.authorize(&brought).await.sent("code").is_some());
}

#[tokio::test]
async fn the_request_is_kept_during_a_slow_sign_in() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let uri = push(&server, &[("login_hint", "alice")]).await;
    let answer = use_request_uri(&mut browser, &uri).await;
    server.clock().advance(Duration::from_secs(20 * 60));
    // The user reloads the page and types slowly.
    let reloaded = use_request_uri(&mut browser, &uri).await;
    let page = browser.follow(reloaded).await.page();
    assert_eq!(page.field("username"), Some("alice"), "the pushed login_hint is filled in");
    server.clock().advance(Duration::from_secs(9 * 60));
    let answer = browser.sign_in(answer, "alice").await;
    assert!(answer.sent("code").is_some());
    assert_page(&use_request_uri(&mut browser, &uri).await, 400);
}

#[tokio::test]
async fn a_request_uri_ends_30_minutes_after_its_first_use() {
    let (server, alice) = start().await;
    let mut browser = server.browser();
    let uri = push(&server, &[]).await;
    use_request_uri(&mut browser, &uri).await.expect(303);
    server.clock().advance(Duration::from_secs(29 * 60));
    use_request_uri(&mut browser, &uri).await.expect(303);
    server.clock().advance(Duration::from_secs(60));
    assert_page(&use_request_uri(&mut browser, &uri).await, 400);
    assert_page(&use_request_uri(&mut server.browser_of(&alice).await, &uri).await, 400);
}

#[tokio::test]
async fn after_its_first_use_a_request_uri_is_bound_to_the_browser() {
    let (server, alice) = start().await;
    let mut browser = server.browser();
    let uri = push(&server, &[]).await;
    let answer = use_request_uri(&mut browser, &uri).await.expect(303);
    // Somebody who opens the URL in another browser gets no code.
    assert_page(&use_request_uri(&mut server.browser_of(&alice).await, &uri).await, 400);
    assert_page(&use_request_uri(&mut server.browser(), &uri).await, 400);
    assert!(browser.sign_in(answer, "alice").await.sent("code").is_some());
}

#[tokio::test]
async fn the_request_is_kept_while_the_user_gives_consent() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let uri = push(&server, &[("scope", "openid sell:orders")]).await;
    let answer = use_request_uri(&mut browser, &uri).await;
    let page = browser.follow(answer).await.expect(200);
    server.clock().advance(Duration::from_secs(5 * 60));
    let answer = browser.fill_in(&page, &[("decision", "allow")]).await;
    assert!(answer.sent("code").is_some());
    // Sending the form again is refused, because the request is used up.
    assert_page(&browser.fill_in(&page, &[("decision", "allow")]).await, 400);
}

#[tokio::test]
async fn a_failed_request_with_prompt_none_does_not_use_up_the_request_uri() {
    let (server, alice) = start().await;
    let mut nobody = server.browser();
    let uri = push(&server, &[("prompt", "none")]).await;
    let answer = use_request_uri(&mut nobody, &uri).await;
    assert_eq!(answer.sent("error").as_deref(), Some("login_required"));
    let mut browser = server.browser_of(&alice).await;
    assert!(use_request_uri(&mut browser, &uri).await.sent("code").is_some());
}
