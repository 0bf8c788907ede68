//! Storage failures, and crashes between two steps.

use crate::rfc9126::world::{asking, assert_page, push, redeem, start, use_request_uri};

#[tokio::test]
async fn a_storage_failure_is_503_and_never_4xx() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let uri = push(&server, &[]).await;
    server.store().close().await;

    let portal = server.as_client("portal");
    let answer = portal.post("par", &asking(&[])).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    // A refusal that cannot be recorded is 503 too.
    let answer = portal.post("par", &asking(&[("scope", "fly:orders")])).await;
    answer.expect_error(503, "temporarily_unavailable");

    let answer = use_request_uri(&mut browser, &uri).await;
    assert_page(&answer, 503);
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_crash_between_two_steps_yields_no_second_code() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (used, unused) = (push(&server, &[]).await, push(&server, &[]).await);
    let code = use_request_uri(&mut browser, &used).await.sent("code").unwrap();
    drop(browser);
    let server = server.crash().await;
    let mut browser = server.browser_of(&alice).await;
    assert_page(&use_request_uri(&mut browser, &used).await, 400);
    assert!(use_request_uri(&mut browser, &unused).await.sent("code").is_some());
    // The code is still valid after the crash.
    redeem(&server.as_client("portal"), &code).await.expect(200);
}
