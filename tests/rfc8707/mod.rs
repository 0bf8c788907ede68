//! RFC 8707, Resource Indicators.

use scopegate_tests::claims;
use serde_json::Value;

use crate::rfc6749::world::{asking, assert_told, code, redemption, start};

fn audience(token: &Value) -> Value {
    claims(token["access_token"].as_str().unwrap())["aud"].clone()
}

#[tokio::test]
async fn an_unknown_resource_is_told_to_the_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let unknown = asking(&[("resource", "https://elsewhere.example")]);
    assert_told(&browser.authorize(&unknown).await, "invalid_target");
    let two =
        [asking(&[]), vec![("resource", "api://orders"), ("resource", "api://stock")]].concat();
    assert_told(&browser.authorize(&two).await, "invalid_target");
}

#[tokio::test]
async fn s2_2_a_code_is_redeemed_for_its_audience_only() {
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
async fn without_a_resource_the_first_audience_is_taken() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    let answer = server.as_client("portal").token(&redemption(&code)).await.expect(200);
    assert_eq!(audience(&answer.json()), "api://orders");
}
