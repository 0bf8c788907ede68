//! A storage failure is never reported as an invalid request or code.

use crate::rfc6749::world::{asking, assert_error_redirect, assert_page, code, redeem, start};

#[tokio::test]
async fn a_storage_failure_is_503_and_never_4xx() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    server.store().close().await;

    let answer = redeem(&server.as_client("portal"), &code).await;
    answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "5");

    let answer = browser.authorize(&asking(&[])).await;
    assert_page(&answer, 503);
    assert_eq!(answer.header("retry-after"), "5");
    // With `prompt=none` the client is told to retry.
    let answer = browser.authorize(&asking(&[("prompt", "none")])).await;
    assert_error_redirect(&answer, "temporarily_unavailable");
    // Errors that are found without the storage are reported as usual.
    let answer = browser.authorize(&asking(&[("response_type", "")])).await;
    assert_error_redirect(&answer, "invalid_request");
    assert_page(&browser.authorize(&asking(&[("client_id", "nobody")])).await, 400);
}
