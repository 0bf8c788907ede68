//! §3.4 and §3.5: the device access token request.

use std::time::Duration;

use futures_util::future::join_all;
use scopegate_core::catalog::Status;

use crate::rfc8628::world::{
    GRANT_TYPE, approved_device, decide, is_active, poll, request_codes, start,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn s3_5_pending_slow_down_denied_expired() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    let (denied, expired) =
        (request_codes(&server, "read:orders").await, request_codes(&server, "openid").await);
    let refusal = poll(&tv, &denied.device).await.expect_error(400, "authorization_pending");
    assert!(refusal["decision_id"].is_string(), "{refusal}");
    poll(&tv, &denied.device).await.expect_error(400, "slow_down");
    let mut browser = server.browser_of(&alice).await;
    let page = decide(&mut browser, &denied.user, "deny").await.expect(200);
    assert!(page.body.contains("The device is not connected"), "{}", page.body);
    for _ in 0..2 {
        poll(&tv, &denied.device).await.expect_error(400, "access_denied");
    }
    server.clock().advance(599 * SECOND);
    poll(&tv, &expired.device).await.expect_error(400, "authorization_pending");
    server.clock().advance(SECOND);
    for _ in 0..2 {
        poll(&tv, &expired.device).await.expect_error(400, "expired_token");
    }
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.device.deny"));
}

#[tokio::test]
async fn s3_5_slow_down_adds_five_seconds() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    let asked = request_codes(&server, "read:orders").await;
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    server.clock().advance(5 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    server.clock().advance(4 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "slow_down");
    // The interval is now 10 s. After the next early request it is 15 s.
    server.clock().advance(9 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "slow_down");
    server.clock().advance(15 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    server.clock().advance(14 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "slow_down");
    // After a restart the device may ask once and then has to wait again.
    let server = server.crash().await;
    let tv = server.as_public_client("tv");
    poll(&tv, &asked.device).await.expect_error(400, "authorization_pending");
    server.clock().advance(4 * SECOND);
    poll(&tv, &asked.device).await.expect_error(400, "slow_down");
    // Once the user has decided, the device gets its token even if it asks early.
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    poll(&tv, &asked.device).await.expect(200);
}

#[tokio::test]
async fn a_device_code_can_be_used_once() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    for scope in ["read:orders", "openid offline_access read:orders"] {
        let codes = approved_device(&server, &alice, scope).await;
        let tokens = poll(&tv, &codes.device).await.expect(200).json();
        assert!(is_active(&server, &tokens["access_token"]).await);
        // A second use means that somebody else has the code, so the tokens of the first use are
        // revoked.
        server.clock().advance(31 * SECOND);
        poll(&tv, &codes.device).await.expect_error(400, "invalid_grant");
        assert!(!is_active(&server, &tokens["access_token"]).await, "{scope}");
        if let Some(token) = tokens["refresh_token"].as_str() {
            tv.refresh(token).await.expect_error(400, "invalid_grant");
        }
    }
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.token.detect_reuse"));
}

#[tokio::test]
async fn of_concurrent_requests_one_succeeds_and_its_token_is_revoked() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    for _ in 0..10 {
        let codes = approved_device(&server, &alice, "read:orders").await;
        let all = join_all((0..4).map(|_| poll(&tv, &codes.device))).await;
        let won: Vec<_> = all.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in all.iter().filter(|answer| answer.status != 200) {
            lost.expect_error(400, "invalid_grant");
        }
        assert!(!is_active(&server, &won[0].json()["access_token"]).await);
    }
}

#[tokio::test]
async fn concurrent_requests_that_are_too_early_are_all_slowed_down() {
    let (server, _) = start().await;
    let tv = server.as_public_client("tv");
    let asked = request_codes(&server, "read:orders").await;
    let answers = join_all((0..3).map(|_| poll(&tv, &asked.device))).await;
    let pending = answers.iter().filter(|answer| answer.body.contains("authorization_pending"));
    assert_eq!(pending.count(), 1);
    let slow = answers.iter().filter(|answer| answer.body.contains("slow_down")).count();
    assert_eq!(slow, 2, "{answers:?}");
}

#[tokio::test]
async fn another_clients_device_code_is_refused() {
    let (server, alice) = start().await;
    let codes = approved_device(&server, &alice, "read:orders").await;
    let printer = server.as_client("printer");
    poll(&printer, &codes.device).await.expect_error(400, "invalid_grant");
    let form = [("grant_type", GRANT_TYPE), ("device_code", codes.device.as_str())];
    let tv = server.as_public_client("tv");
    tv.post_to("/oauth2/v1/token", &form).await.expect_error(400, "invalid_grant");
    // The code is still valid for its own client.
    let tokens = poll(&tv, &codes.device).await.expect(200).json();
    poll(&printer, &codes.device).await.expect_error(400, "invalid_grant");
    assert!(is_active(&server, &tokens["access_token"]).await);
}

#[tokio::test]
async fn a_user_code_is_not_accepted_as_device_code() {
    let (server, alice) = start().await;
    let codes = approved_device(&server, &alice, "read:orders").await;
    let tv = server.as_public_client("tv");
    tv.token(&[("grant_type", GRANT_TYPE)]).await.expect_error(400, "invalid_request");
    let unknown = "a".repeat(43);
    for code in [codes.user.as_str(), "é", &unknown, &"a".repeat(5000)] {
        poll(&tv, code).await.expect_error(400, "invalid_grant");
    }
    let reader = server.as_client("reader");
    poll(&reader, &codes.device).await.expect_error(400, "unauthorized_client");
    poll(&tv, &codes.device).await.expect(200);
}

#[tokio::test]
async fn a_device_gets_no_token_for_a_suspended_user() {
    let (server, alice) = start().await;
    let codes = approved_device(&server, &alice, "read:orders").await;
    server.authority().set_user_status("alice", Status::Inactive).await.unwrap();
    let tv = server.as_public_client("tv");
    poll(&tv, &codes.device).await.expect_error(400, "invalid_grant");
}

#[tokio::test]
async fn an_approved_device_must_fetch_its_token_before_the_code_expires() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    let (in_time, late) = (
        approved_device(&server, &alice, "openid").await,
        approved_device(&server, &alice, "openid").await,
    );
    server.clock().advance(599 * SECOND);
    poll(&tv, &in_time.device).await.expect(200);
    server.clock().advance(SECOND);
    poll(&tv, &late.device).await.expect_error(400, "expired_token");
}
