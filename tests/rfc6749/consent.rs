//! Consent: what a person is asked before a client gets a scope (OpenID Connect Core §3.1.2.4).

use scopegate_core::catalog::{ClientConsent, ClientSpec};
use scopegate_core::store::Records;
use scopegate_tests::{Pkce, changed};

use crate::rfc6749::world::{app_asking, asking, assert_page, assert_told, catalog, redeem, start};

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
    let before = server.authority().catalog().client("portal").unwrap().unwrap().spec.clone();
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

/// OpenID Connect Core §3.1.2.1: the client asks for the question, whatever needs none.
#[tokio::test]
async fn prompt_consent_asks_for_all_that_a_client_gets() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = [("scope", "openid profile read:orders"), ("prompt", "consent")];
    for _ in 0..2 {
        let answer = browser.authorize(&asking(&asked)).await;
        assert!(answer.header("location").starts_with("/consent?request="), "{answer:?}");
        let page = browser.follow(answer).await.expect(200);
        for text in ["Know who you are", "See your name and your profile", "read:orders"] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        let code = browser.fill_in(&page, &[("decision", "allow")]).await.sent("code").unwrap();
        let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
        assert_eq!(json["scope"], "openid profile read:orders");
    }
    let answer = browser.authorize(&asking(&asked)).await;
    let page = browser.follow(answer).await.expect(200);
    assert_told(&browser.fill_in(&page, &[("decision", "deny")]).await, "access_denied");
    // Who asks for no question is asked none: nothing of this is REQUIRED.
    assert!(browser.authorize(&asking(&[asked[0]])).await.sent("code").is_some());
}

/// OpenID Connect Core §11.
#[tokio::test]
async fn a_web_client_gets_offline_access_by_consent_once_given() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let offline = ("scope", "openid offline_access read:orders");
    let silent = browser.authorize(&asking(&[offline, ("prompt", "none")])).await;
    assert_told(&silent, "consent_required");
    let answer = browser.authorize(&asking(&[offline])).await;
    let page = browser.follow(answer).await.expect(200);
    assert!(page.body.contains("Keep this access while you are away"), "{}", page.body);
    assert!(!page.body.contains("read:orders"), "it needs no consent");
    let denied = browser.fill_in(&page, &[("decision", "deny")]).await;
    assert_told(&denied, "access_denied");

    let answer = browser.authorize(&asking(&[offline])).await;
    let code = browser.agree(answer).await.sent("code").unwrap();
    let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
    assert!(json["refresh_token"].is_string(), "{json}");
    for prompt in ["", "none"] {
        let answer = browser.authorize(&asking(&[offline, ("prompt", prompt)])).await;
        assert!(answer.sent("code").is_some(), "it was given once: {answer:?}");
    }
}

#[tokio::test]
async fn offline_access_needs_no_consent_for_an_app_or_a_trusted_client() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let (pkce, scope) = (Pkce::generate(), ("scope", "openid offline_access"));
    let asked = app_asking("https://app.example/cb", &pkce);
    let answer = browser.authorize(&changed(&asked, &[scope])).await;
    assert!(answer.sent("code").is_some(), "{answer:?}");

    let before = server.authority().catalog().client("portal").unwrap().unwrap().spec.clone();
    let trusted = ClientSpec { consent: ClientConsent::Trusted, ..before };
    server.put_client("portal", trusted).await;
    let answer = browser.authorize(&asking(&[scope])).await;
    assert!(answer.sent("code").is_some(), "{answer:?}");
}
