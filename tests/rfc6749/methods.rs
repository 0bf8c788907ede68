//! §3.1: the authorization endpoint supports GET and POST. A HEAD request issues no code and signs
//! nobody out.

use http::Method;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::store::{ConsentKey, Records};
use scopegate_tests::{Answer, Browser};
use url::form_urlencoded;

use crate::rfc6749::world::{asking, code, redeem, start};

fn query(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Asserts that other methods are refused without an effect, and that `Allow` names GET and POST.
async fn is_for_get_and_post(browser: &mut Browser<'_>, path: &str) {
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT] {
        let answer: Answer = browser.ask(method, path).await.expect(405);
        assert_eq!(answer.header("allow"), "GET,POST", "{path}");
        assert_eq!(answer.header("location"), "");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn other_methods_issue_no_code() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let before = codes_issued(&server.dump().await);
    let path = format!("/oauth2/default/v1/authorize?{}", query(&asking(&[])));
    is_for_get_and_post(&mut browser, &path).await;
    is_for_get_and_post(&mut browser, &path.replace("/default", "")).await;
    assert_eq!(codes_issued(&server.dump().await), before);
    assert!(browser.open(&path).await.sent("code").is_some());
    assert!(codes_issued(&server.dump().await) > before);
}

/// The number of codes that were recorded as issued.
fn codes_issued(dump: &[u8]) -> usize {
    let name = b"app.oauth2.as.authorize.code";
    dump.windows(name.len()).filter(|window| window == name).count()
}

#[tokio::test]
async fn other_methods_give_no_consent() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&asking(&[("scope", "openid sell:orders")])).await;
    let path = answer.header("location").to_owned();
    assert!(path.starts_with("/consent?"));
    is_for_get_and_post(&mut browser, &path).await;
    let key = ConsentKey {
        server: ServerId::default_server(),
        client: ClientId::parse("portal").unwrap(),
        user: alice.id.clone(),
    };
    assert_eq!(server.store().consent(&key).await.unwrap(), None);
}

#[tokio::test]
async fn other_methods_sign_nobody_out() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let code = code(&mut browser, &[]).await;
    let tokens = redeem(&server.as_client("portal"), &code).await.expect(200).json();
    let hint = query(&[("id_token_hint", tokens["id_token"].as_str().unwrap())]);
    let path = format!("/oauth2/default/v1/logout?{hint}");
    is_for_get_and_post(&mut browser, &path).await;
    assert!(browser.open("/account").await.expect(200).body.contains("alice"));
    // Requesting the sign-out page does not sign the user out.
    browser.ask(Method::HEAD, "/signout").await.expect(200);
    assert!(browser.open("/account").await.expect(200).body.contains("alice"));
    browser.open(&path).await.expect(303);
    assert_eq!(browser.open("/account").await.status, 303);
}
