//! A storage that is away: nobody is told that a request or a code was wrong.

use crate::rfc6749::world::{asking, assert_page, assert_told, code, redeem, start};

#[tokio::test]
async fn storage_failure_is_503_and_no_4xx() {
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
    // A client that wants no page is told to come again.
    let answer = browser.authorize(&asking(&[("prompt", "none")])).await;
    assert_told(&answer, "temporarily_unavailable");
    // What needs no storage is answered as ever.
    let answer = browser.authorize(&asking(&[("response_type", "")])).await;
    assert_told(&answer, "invalid_request");
    assert_page(&browser.authorize(&asking(&[("client_id", "nobody")])).await, 400);
}
