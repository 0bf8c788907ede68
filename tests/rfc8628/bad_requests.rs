//! Malformed requests and forms.

use scopegate_tests::secret_of;

use crate::rfc8628::world::{decide, poll, request_codes, start};

const ASKED: (&str, &str) = ("scope", "read:orders");

#[tokio::test]
async fn an_oversized_form_is_413() {
    let (server, alice) = start().await;
    let long = "a".repeat(64 * 1024);
    let tv = server.as_public_client("tv");
    let answer = tv.post("device/authorize", &[ASKED, ("x", &long)]).await;
    answer.expect_error(413, "invalid_request");
    let mut browser = server.browser_of(&alice).await;
    browser.post("/activate", &[("user_code", &long)]).await.expect(413).page();
    let page = browser.open(&format!("/activate?user_code={}", &long[..1000])).await.expect(200);
    assert_eq!(
        page.page().field("user_code"),
        Some(""),
        "a value that is too long for a code is not shown"
    );
}

#[tokio::test]
async fn input_that_is_not_utf_8_is_refused() {
    let (server, alice) = start().await;
    let tv = server.anonymous();
    for body in ["client_id=tv&scope=%FF", "client_id=tv&scope=%zz"] {
        tv.post_text("device/authorize", body).await.expect_error(400, "invalid_request");
    }
    let mut browser = server.browser_of(&alice).await;
    browser.open("/activate?user_code=%FF").await.expect(400).page();
    let page = browser.open("/activate").await.expect(200);
    browser.fill_in(&page, &[("user_code", "é")]).await.expect(400).page();
}

#[tokio::test]
async fn a_repeated_name_is_refused_and_an_unknown_one_ignored() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    let endpoint = "device/authorize";
    for name in ["client_id", "scope", "anything"] {
        let answer = tv.post(endpoint, &[ASKED, (name, "a"), (name, "a")]).await;
        answer.expect_error(400, "invalid_request");
    }
    tv.post(endpoint, &[ASKED, ("anything", "else")]).await.expect(200);
    let mut browser = server.browser_of(&alice).await;
    browser.open("/activate?user_code=a&user_code=b").await.expect(400).page();
    browser.open("/activate?anything=else").await.expect(200).page();
    let page = browser.open("/activate").await.expect(200);
    browser.fill_in(&page, &[("decision", "allow"), ("decision", "deny")]).await.expect(400);
}

#[tokio::test]
async fn two_client_authentication_methods_are_refused() {
    let (server, _) = start().await;
    let secret = secret_of("printer");
    let form = [ASKED, ("client_id", "printer"), ("client_secret", &secret)];
    let answer = server.as_client("printer").post("device/authorize", &form).await;
    answer.expect_error(400, "invalid_request");
    let answer = server.anonymous().post("device/authorize", &form).await;
    answer.expect_error(401, "invalid_client");
}

#[tokio::test]
async fn parameters_in_the_url_of_a_post_are_refused() {
    let (server, alice) = start().await;
    let tv = server.as_public_client("tv");
    tv.read("/oauth2/default/v1/device/authorize").await.expect(405);
    tv.post_to("/oauth2/nowhere/v1/device/authorize", &[ASKED]).await.expect(404);
    let asked = request_codes(&server, "read:orders").await;
    let mut browser = server.browser_of(&alice).await;
    decide(&mut browser, &asked.user, "allow").await.expect(200);
    let path = format!("/oauth2/default/v1/token?device_code={}", asked.device);
    tv.post_to(&path, &[]).await.expect_error(400, "invalid_request");
    poll(&tv, &asked.device).await.expect(200);
}
