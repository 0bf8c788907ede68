//! Storage failures, and crashes between two steps.

use crate::rfc8628::world::{approved_device, decide, poll, request_codes, start, type_code};

#[tokio::test]
async fn a_storage_failure_is_503_and_never_4xx() {
    let (server, alice) = start().await;
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    let form = browser.open("/activate").await.expect(200);
    let page = type_code(&mut browser, &asked.user).await.expect(200);
    server.store().close().await;

    let tv = server.as_public_client("tv");
    for answer in [
        tv.post("device/authorize", &[("scope", "read:orders")]).await,
        tv.post("device/authorize", &[("scope", "fly:orders")]).await,
        poll(&tv, &asked.device).await,
    ] {
        answer.expect_error(503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }
    for answer in [
        browser.open("/activate").await,
        browser.fill_in(&form, &[("user_code", &asked.user)]).await,
        browser.fill_in(&page, &[("decision", "allow")]).await,
    ] {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.header("retry-after"), "5");
        answer.page();
    }
}

#[tokio::test]
async fn a_crash_between_two_steps_yields_no_second_token() {
    let (server, alice) = start().await;
    let waiting = request_codes(&server, "read:orders").await;
    let (used, allowed) = (
        approved_device(&server, &alice, "openid").await,
        approved_device(&server, &alice, "openid").await,
    );
    poll(&server.as_public_client("tv"), &used.device).await.expect(200);
    let server = server.crash().await;
    let tv = server.as_public_client("tv");
    poll(&tv, &used.device).await.expect_error(400, "invalid_grant");
    poll(&tv, &allowed.device).await.expect(200);
    // A device that was still waiting can still be approved.
    poll(&tv, &waiting.device).await.expect_error(400, "authorization_pending");
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &waiting.user, "allow").await.expect(200);
    poll(&tv, &waiting.device).await.expect(200);
}
