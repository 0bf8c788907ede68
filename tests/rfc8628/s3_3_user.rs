//! §3.3: the user's part, in a browser.

use std::time::Duration;

use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::store::{ConsentKey, Records};
use scopegate_tests::{Answer, Browser, TestServer};

use crate::rfc8628::world::{
    Codes, approved_device, catalog, codes, decide, poll, request_codes, start, type_code,
};

#[tokio::test]
async fn s3_3_a_user_signs_in_and_types_the_code_and_the_device_gets_a_token() {
    let (server, _) = start().await;
    let tv = server.as_public_client("tv");
    let asked = request_codes(&server, "openid offline_access read:orders").await;
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");

    let mut browser = server.browser();
    let answer = browser.open("/activate").await;
    let answer = browser.sign_in(answer, "alice").await;
    let page = browser.follow(answer).await.expect(200);
    assert_eq!(page.page().field("user_code"), Some(""));
    let typed = asked.user.to_lowercase().replace('-', " ");
    let page = browser.fill_in(&page, &[("user_code", &typed)]).await.expect(200);
    let done = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(done.body.contains("The device is connected"), "{}", done.body);

    server.clock().advance(Duration::from_secs(5));
    let json = poll(&tv, &asked.device).await.expect(200).json();
    assert_eq!(json["scope"], "openid offline_access read:orders");
    assert!(json["id_token"].is_string());
    let refreshed = tv.refresh(json["refresh_token"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(refreshed["scope"], "openid offline_access read:orders");
}

#[tokio::test]
async fn s3_3_1_the_code_of_the_link_is_filled_in_also_after_sign_in() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let path = format!("/activate?user_code={}", asked.user);
    let page = server.browser_of(&alice).await.open(&path).await.expect(200);
    assert_eq!(page.page().field("user_code"), Some(asked.user.as_str()));

    let mut browser = server.browser();
    let answer = browser.open(&path).await;
    assert!(answer.header("location").starts_with("/signin?request="));
    assert!(!answer.header("location").contains(&asked.user));
    // Opening the link does not connect the device.
    signs_in_and_device_still_waits(&server, &mut browser, answer, &asked).await;
}

#[tokio::test]
async fn after_a_lost_session_the_user_signs_in_and_the_code_is_filled_in() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    browser.set_cookie("scopegate", "gone");
    let answer = browser.fill_in(&page, &[("decision", "allow")]).await;
    signs_in_and_device_still_waits(&server, &mut browser, answer, &asked).await;
}

/// Alice signs in at the page that an answer redirects to, and gets the page with the code. The
/// device is still waiting.
async fn signs_in_and_device_still_waits(
    server: &TestServer,
    browser: &mut Browser<'_>,
    answer: Answer,
    asked: &Codes,
) {
    let answer = browser.sign_in(answer, "alice").await;
    let page = browser.follow(answer).await.expect(200);
    assert_eq!(page.page().field("user_code"), Some(asked.user.as_str()));
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
}

#[tokio::test]
async fn approving_a_device_stores_the_consent() {
    let (server, alice) = start().await;
    let key = ConsentKey {
        server: ServerId::default_server(),
        client: ClientId::parse("tv").unwrap(),
        user: alice.id.clone(),
    };
    let asked = request_codes(&server, "sell:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    assert!(page.body.contains("Sell your orders"));
    assert_eq!(server.store().consent(&key).await.unwrap(), None);
    browser.fill_in(&page, &[("decision", "deny")]).await.expect(200);
    assert_eq!(server.store().consent(&key).await.unwrap(), None);

    approved_device(&server, &alice, "sell:orders read:orders").await;
    let given = server.store().consent(&key).await.unwrap().unwrap();
    assert_eq!(given.to_string(), "sell:orders");
}

#[tokio::test]
async fn a_user_may_leave_out_an_optional_scope_and_no_other() {
    let (server, alice) = start().await;
    let scope = |name, lines| catalog().scope(name, lines);
    server.apply(scope("write:orders", "optional = true")).await;
    let tv = server.as_public_client("tv");
    let all = "read:orders write:orders";
    // What the page sends, with and without the check mark, and forged: `read:orders` is not optional, and
    // `sell:orders` was never asked for.
    for (fields, expected) in [
        (&[("allow:write:orders", Some("yes"))][..], all),
        (&[("allow:write:orders", None)], "read:orders"),
        (&[("optional", Some("write:orders sell:orders"))], all),
    ] {
        let asked = request_codes(&server, all).await;
        let mut browser = server.browser_of(&alice).await;
        let page = type_code(&mut browser, &asked.user).await.expect(200);
        assert_eq!(page.page().field("optional"), Some("write:orders"));
        let page = browser.decide_with(&page, fields).await.expect(200);
        assert!(page.body.contains("The device is connected"), "{}", page.body);
        assert_eq!(poll(&tv, &asked.device).await.expect(200).json()["scope"], expected);
    }
    // The form says that a scope was offered which is not optional, and left out. The user is asked again.
    let asked = request_codes(&server, all).await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    let forged = [("optional", Some("read:orders")), ("allow:read:orders", None)];
    let again = browser.decide_with(&page, &forged).await.expect(200);
    assert!(again.body.contains("Allow this device?"), "{}", again.body);
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
}

#[tokio::test]
async fn a_user_who_leaves_out_all_scopes_denies_the_request() {
    let (server, alice) = start().await;
    server.apply(catalog().scope("sell:orders", "optional = true")).await;
    let asked = request_codes(&server, "sell:orders offline_access").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    let page = browser.decide_with(&page, &[("allow:sell:orders", None)]).await.expect(200);
    assert!(page.body.contains("The device is not connected"), "{}", page.body);
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "access_denied");
}

#[tokio::test]
async fn if_the_scopes_grow_after_the_page_was_shown_the_user_is_asked_again() {
    let (server, alice) = start().await;
    let one_default = catalog().scope("read:orders", "default = true");
    server.apply(&one_default).await;
    let asked = codes(&server.as_public_client("tv").post("device/authorize", &[]).await);
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    assert!(!page.body.contains("write:orders"));
    server.apply(one_default.scope("write:orders", "default = true")).await;
    let page = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(page.body.contains("write:orders") && page.body.contains(&asked.user));
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    let json = poll(&tv, &asked.device).await.expect(200).json();
    assert_eq!(json["scope"], "read:orders write:orders");
}

#[tokio::test]
async fn the_policies_decide_which_devices_a_user_may_approve() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let asked = request_codes(&server, "write:orders").await;
    let mut browser = server.browser_of(&bob).await;
    let refused = type_code(&mut browser, &asked.user).await.expect(400);
    assert!(refused.body.contains("No access policy allows"), "{}", refused.body);
    let json = poll(&server.as_public_client("tv"), &asked.device).await;
    json.expect_error(400, "authorization_pending");

    // A client that the user is not assigned to is refused too.
    let form = [("scope", "read:orders")];
    let answer = server.as_client("printer").post("device/authorize", &form).await;
    let refused = type_code(&mut browser, &codes(&answer).user).await.expect(400);
    assert!(refused.body.contains("User is not assigned"), "{}", refused.body);

    let asked = request_codes(&server, "read:orders").await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    let tv = server.as_public_client("tv");
    assert_eq!(poll(&tv, &asked.device).await.expect(200).json()["expires_in"], 300);
    server.authority().close().await;
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("User is not assigned to the client application."));
}

#[tokio::test]
async fn a_user_code_can_be_used_for_only_one_decision() {
    let (server, alice) = start().await;
    for decision in ["allow", "deny"] {
        let asked = request_codes(&server, "read:orders").await;
        let mut browser = server.browser_of(&alice).await;
        let page = type_code(&mut browser, &asked.user).await.expect(200);
        browser.fill_in(&page, &[("decision", decision)]).await.expect(200);
        // Sending the form again, with either decision, or typing the code again is refused.
        browser.fill_in(&page, &[("decision", "allow")]).await.expect(400);
        browser.fill_in(&page, &[("decision", "deny")]).await.expect(400);
        type_code(&mut browser, &asked.user).await.expect(400);
        let tv = server.as_public_client("tv");
        let answer = poll(&tv, &asked.device).await;
        assert_eq!(answer.status == 200, decision == "allow", "{}", answer.body);
    }
}

#[tokio::test]
async fn an_expired_user_code_is_refused() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    server.clock().advance(Duration::from_secs(600));
    browser.fill_in(&page, &[("decision", "allow")]).await.expect(400);
    let page = type_code(&mut browser, &asked.user).await.expect(400);
    assert!(page.body.contains("No device waits under this code."), "{}", page.body);
}
