//! §5: guessing codes, and phishing users into typing one.

use std::time::Duration;

use scopegate_tests::{Answer, Browser};

use crate::rfc8628::world::{decide, poll, request_codes, start, type_code};

#[tokio::test]
async fn s5_4_the_code_is_shown_for_confirmation() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "openid read:orders write:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    for text in [
        asked.user.as_str(),
        "The &lt;TV&gt;",
        "alice",
        "See your &lt;orders&gt;",
        "write:orders",
        "only if you have the device in front of you",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-frame-options"), "DENY");
    // The device is not connected yet.
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    let neither = browser.fill_in(&page, &[("decision", "perhaps")]).await;
    neither.expect(400);
    poll(&tv, &asked.device).await.expect_error(400, "slow_down");
}

#[tokio::test]
async fn s5_1_guesses_of_user_codes_are_limited() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    for _ in 0..10 {
        let answer = type_code(&mut browser, "BBBB-BBBB").await.expect(400);
        assert!(answer.body.contains("No device waits under this code."), "{}", answer.body);
    }
    // In this session, even the right code is refused now.
    let answer = type_code(&mut browser, &asked.user).await;
    assert_too_many(&answer);
    // Another session has its own count, and the count ends after 10 minutes.
    type_code(&mut server.browser_of(&alice).await, &asked.user).await.expect(200);
    server.clock().advance(Duration::from_secs(599));
    assert_too_many(&type_code(&mut browser, "BBBB-BBBB").await);
    server.clock().advance(Duration::from_secs(1));
    type_code(&mut browser, "BBBB-BBBB").await.expect(400);
}

#[track_caller]
fn assert_too_many(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    answer.page();
}

#[tokio::test]
async fn right_codes_and_impossible_codes_are_not_counted_as_guesses() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for _ in 0..12 {
        let asked = request_codes(&server, "read:orders").await;
        decide(&mut browser, &asked.user, "allow").await.expect(200);
    }
    // An impossible code is refused but not counted.
    for _ in 0..12 {
        type_code(&mut browser, "aeiou").await.expect(400);
    }
    type_code(&mut browser, "BBBB-BBBB").await.expect(400);
}

#[tokio::test]
async fn s5_1_guesses_of_many_sessions_are_counted_by_address() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    for _ in 0..3 {
        let mut browser = server.browser_of(&alice).await;
        for _ in 0..10 {
            type_code_from(&mut browser, "BBBB-BBBB", "192.0.2.1").await.expect(400);
        }
    }
    let mut browser = server.browser_of(&alice).await;
    assert_too_many(&type_code_from(&mut browser, &asked.user, "192.0.2.1").await);
    type_code_from(&mut browser, &asked.user, "192.0.2.2").await.expect(200);
}

/// The user types a code in a browser at this address.
async fn type_code_from(browser: &mut Browser<'_>, user_code: &str, address: &str) -> Answer {
    browser.move_to(address.parse().unwrap());
    type_code(browser, user_code).await
}

#[tokio::test]
async fn the_user_sees_the_address_of_the_device() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv").at("192.0.2.7".parse().unwrap());
    let form = [("scope", "read:orders")];
    let asked = crate::rfc8628::world::codes(&tv.post("device/authorize", &form).await);
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    assert!(page.body.contains("from the address 192.0.2.7"), "{}", page.body);
}

#[tokio::test]
async fn a_form_that_was_not_shown_in_this_browser_is_refused() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let code = ("user_code", asked.user.as_str());
    // Another site cannot send either form.
    browser.post("/activate", &[code]).await.expect(400);
    browser.post("/activate", &[code, ("decision", "allow")]).await.expect(400);
    // The sealed value of the code form is not accepted as that of the decision form.
    let page = browser.open("/activate").await;
    browser.fill_in(&page, &[code, ("decision", "allow")]).await.expect(400);
    // A form that was shown in another browser is refused here.
    let mut other = server.browser_of(&alice).await;
    let shown = type_code(&mut other, &asked.user).await.expect(200);
    browser.fill_in(&shown, &[("decision", "allow")]).await.expect(400);
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
}

#[tokio::test]
async fn a_decision_page_is_valid_only_for_the_user_it_was_shown_to() {
    let (server, alice) = start().await;
    let bob = server.add_user("bob", &["staff"]).await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    // Meanwhile another user signs in in this browser.
    let other = server.browser_of(&bob).await;
    browser.set_cookie("scopegate", other.cookie("scopegate").unwrap());
    browser.fill_in(&page, &[("decision", "allow")]).await.expect(400);
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
}
