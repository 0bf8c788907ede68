//! RFC 8707, Resource Indicators.

use scopegate_tests::claims;
use serde_json::Value;

use crate::rfc6749::world::{asking, assert_error_redirect, code, redemption, start};

fn audience(token: &Value) -> Value {
    claims(token["access_token"].as_str().unwrap())["aud"].clone()
}

#[tokio::test]
async fn an_unknown_resource_is_reported_to_the_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let unknown = asking(&[("resource", "https://elsewhere.example")]);
    assert_error_redirect(&browser.authorize(&unknown).await, "invalid_target");
    let two =
        [asking(&[]), vec![("resource", "api://orders"), ("resource", "api://stock")]].concat();
    assert_error_redirect(&browser.authorize(&two).await, "invalid_target");
}

#[tokio::test]
async fn s2_2_a_code_can_be_redeemed_only_for_its_audience() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    let code = code(&mut browser, &[("resource", "api://stock")]).await;
    let other = [redemption(&code).as_slice(), &[("resource", "https://orders.example")]].concat();
    portal.token(&other).await.expect_error(400, "invalid_target");
    let same = [redemption(&code).as_slice(), &[("resource", "api://stock")]].concat();
    assert_eq!(audience(&portal.token(&same).await.expect(200).json()), "api://stock");
}

#[tokio::test]
async fn without_a_resource_the_first_audience_is_used() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    let answer = server.as_client("portal").token(&redemption(&code)).await.expect(200);
    assert_eq!(audience(&answer.json()), "api://orders");
}

/// §2: the client sends the URI of the API in its own spelling. MCP clients add a slash to a bare
/// origin.
const SPELLINGS: [&str; 4] = [
    "https://stock.example",
    "https://stock.example/",
    "HTTPS://Stock.Example:443/",
    "https://%73tock.example/./",
];

#[tokio::test]
async fn a_resource_is_compared_after_rfc_3986_normalization() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let portal = server.as_client("portal");
    for spelling in SPELLINGS {
        // One spelling in the authorization request (direct and pushed), another one in the token
        // request.
        let by_browser = code(&mut browser, &[("resource", spelling)]).await;
        let pushed = portal.post("par", &asking(&[("resource", spelling)])).await.expect(201);
        let reference = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let brought = [("client_id", "portal"), ("request_uri", &*reference)];
        let by_reference = browser.authorize(&brought).await.sent("code").unwrap();
        for code in [by_browser, by_reference] {
            let resources = [("resource", SPELLINGS[1]), ("resource", SPELLINGS[0])];
            let form = [redemption(&code).as_slice(), &resources].concat();
            let token = portal.token(&form).await.expect(200).json();
            assert_eq!(audience(&token), "api://stock", "{spelling}");
        }
    }
}

#[tokio::test]
async fn a_resource_that_only_looks_similar_is_refused() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for other in [
        "https://stock.example/v1",
        "https://stock.example//",
        "http://stock.example/",
        "https://stock.example:8443/",
        "https://stock.example.evil.example/",
        "https://stock.example@evil.example/",
        "https://evil.example/https://stock.example/",
        "https://stock.example\\",
        "https://stock.example/#",
        "https://stock.example/?",
        "stock.example",
        "https:stock.example",
        " https://stock.example",
    ] {
        let answer = browser.authorize(&asking(&[("resource", other)])).await;
        assert_error_redirect(&answer, "invalid_target");
        let form = asking(&[("resource", other)]);
        let answer = server.as_client("portal").post("par", &form).await;
        answer.expect_error(400, "invalid_target");
    }
}
