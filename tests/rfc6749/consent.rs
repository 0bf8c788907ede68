//! Consent: what a person is asked before a client gets a scope (OpenID Connect Core §3.1.2.4).

use scopegate_core::catalog::{ClientConsent, ClientSpec};
use scopegate_core::store::Records;

use crate::rfc6749::world::{asking, assert_page, assert_told, catalog, redeem, start};

const SELLING: (&str, &str) = ("scope", "openid sell:orders");

#[tokio::test]
async fn a_scope_that_needs_consent_is_asked_for_once() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    assert_told(
        &browser.authorize(&asking(&[SELLING, ("prompt", "none")])).await,
        "consent_required",
    );
    let answer = browser.authorize(&asking(&[SELLING])).await;
    assert!(answer.header("location").starts_with("/consent?request="));
    let page = browser.follow(answer).await;
    assert_page(&page, 200);
    for text in ["Portal", "alice", "Sell your orders"] {
        assert!(page.body.contains(text), "{}", page.body);
    }
    let answer = browser.fill_in(&page, &[("decision", "allow")]).await;
    assert_eq!(answer.sent("state").as_deref(), Some("a state"));
    let code = answer.sent("code").unwrap();
    let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
    assert_eq!(json["scope"], "openid sell:orders");

    assert!(browser.authorize(&asking(&[SELLING])).await.sent("code").is_some());
    let anew = browser.authorize(&asking(&[SELLING, ("prompt", "consent")])).await;
    assert!(anew.header("location").starts_with("/consent"), "{anew:?}");
}

#[tokio::test]
async fn whoever_does_not_agree_sends_the_client_away() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&asking(&[SELLING])).await;
    let page = browser.follow(answer).await;
    let denied = browser.fill_in(&page, &[("decision", "deny")]).await;
    assert_told(&denied, "access_denied");
    // She is asked again next time.
    let again = browser.authorize(&asking(&[SELLING])).await;
    assert!(again.header("location").starts_with("/consent"));
    // It is written down before the client is told.
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.consent.deny"));
}

#[tokio::test]
async fn she_agrees_to_what_she_was_shown() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("scope", "openid sell:orders write:orders")]);
    let answer = browser.authorize(&asked).await;
    let page = browser.follow(answer).await;
    // While she reads, another of the scopes comes to need her consent.
    let more = "description = \"Change your orders\"\nconsent = \"REQUIRED\"";
    server.apply(catalog().scope("write:orders", more)).await;
    assert!(!page.body.contains("Change your orders"));
    let again = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(again.body.contains("Change your orders"), "{}", again.body);
    let answer = browser.fill_in(&again, &[("decision", "allow")]).await;
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn nobody_agrees_for_somebody_else() {
    let (server, alice) = start().await;
    let bob = server.add_user("bob", &["staff"]).await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&asking(&[SELLING])).await;
    let page = browser.follow(answer).await;
    // Meanwhile somebody else signs in in this browser: she is asked herself.
    let other = server.browser_of(&bob).await;
    browser.set_cookie("scopegate", other.cookie("scopegate").unwrap());
    let asked = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(asked.body.contains("bob") && !asked.body.contains("alice"), "{}", asked.body);
    // The address of the page alone agrees to nothing, and a form of elsewhere does not open.
    let answer = browser.authorize(&asking(&[SELLING])).await;
    let location = answer.header("location").to_owned();
    assert_page(&browser.open(&location).await, 200);
    assert_page(&browser.post("/consent", &[("request", "x"), ("decision", "allow")]).await, 400);
    assert_page(&server.browser().open(&location).await, 400);
    let key = scopegate_core::store::ConsentKey {
        server: scopegate_core::catalog::ServerId::default_server(),
        client: scopegate_core::catalog::ClientId::parse("portal").unwrap(),
        user: bob.id.clone(),
    };
    assert_eq!(server.store().consent(&key).await.unwrap(), None);
}

#[tokio::test]
async fn a_flexible_scope_is_asked_for_if_the_client_says_so() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let counting = ("scope", "count:orders");
    assert!(browser.authorize(&asking(&[counting])).await.sent("code").is_some());
    let asked = browser.authorize(&asking(&[counting, ("prompt", "consent")])).await;
    assert!(asked.header("location").starts_with("/consent"));
    let page = browser.follow(asked).await;
    let answer = browser.fill_in(&page, &[("decision", "allow")]).await;
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn a_trusted_client_asks_nobody() {
    let (server, alice) = start().await;
    let before = server.authority().catalog().client("portal").unwrap().spec.clone();
    let trusted = ClientSpec { consent: ClientConsent::Trusted, ..before.clone() };
    server.put_client("portal", trusted).await;
    let mut browser = server.browser_of(&alice).await;
    for prompt in ["", "consent", "none"] {
        let answer = browser.authorize(&asking(&[SELLING, ("prompt", prompt)])).await;
        let code = answer.sent("code").expect("she is not asked");
        let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
        assert_eq!(json["scope"], "openid sell:orders");
    }
    // Nothing was agreed to: without that trust she is asked.
    server.put_client("portal", before).await;
    let asked = browser.authorize(&asking(&[SELLING])).await;
    assert!(asked.header("location").starts_with("/consent"), "{asked:?}");
}
