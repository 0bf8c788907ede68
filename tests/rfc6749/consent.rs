//! The user's consent to scopes (OpenID Connect Core §3.1.2.4).

use scopegate_core::catalog::{ClientConsent, ClientSpec};
use scopegate_core::store::Records;
use scopegate_tests::{Pkce, changed};

use crate::rfc6749::world::{
    app_asking, asking, assert_error_redirect, assert_page, catalog, redeem, start,
};

const SELLING: (&str, &str) = ("scope", "openid sell:orders");

#[tokio::test]
async fn consent_to_a_scope_is_asked_for_once() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    assert_error_redirect(
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
async fn without_consent_the_client_gets_access_denied() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&asking(&[SELLING])).await;
    let page = browser.follow(answer).await;
    let denied = browser.fill_in(&page, &[("decision", "deny")]).await;
    assert_error_redirect(&denied, "access_denied");
    // The next request asks again.
    let again = browser.authorize(&asking(&[SELLING])).await;
    assert!(again.header("location").starts_with("/consent"));
    // The refusal is recorded before the client is told.
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    assert!(dump.contains("app.oauth2.as.consent.deny"));
}

#[tokio::test]
async fn consent_covers_only_the_scopes_that_were_shown() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("scope", "openid sell:orders write:orders")]);
    let answer = browser.authorize(&asked).await;
    let page = browser.follow(answer).await;
    // While the page is open, another requested scope is changed to need consent.
    let more = "description = \"Change your orders\"\nconsent = \"REQUIRED\"";
    server.apply(catalog().scope("write:orders", more)).await;
    assert!(!page.body.contains("Change your orders"));
    let again = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(again.body.contains("Change your orders"), "{}", again.body);
    let answer = browser.fill_in(&again, &[("decision", "allow")]).await;
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn a_consent_page_is_valid_only_for_the_user_it_was_shown_to() {
    let (server, alice) = start().await;
    let bob = server.add_user("bob", &["staff"]).await;
    let mut browser = server.browser_of(&alice).await;
    let answer = browser.authorize(&asking(&[SELLING])).await;
    let page = browser.follow(answer).await;
    // Meanwhile Bob signs in in this browser. He is asked himself.
    let other = server.browser_of(&bob).await;
    browser.set_cookie("scopegate", other.cookie("scopegate").unwrap());
    let asked = browser.fill_in(&page, &[("decision", "allow")]).await.expect(200);
    assert!(asked.body.contains("bob") && !asked.body.contains("alice"), "{}", asked.body);
    // Opening the URL of the page gives no consent, and a foreign form is refused.
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
async fn a_flexible_scope_needs_consent_only_with_prompt_consent() {
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
async fn a_trusted_client_needs_no_consent() {
    let (server, alice) = start().await;
    let before = server.authority().catalog().client("portal").unwrap().unwrap().spec.clone();
    let trusted = ClientSpec { consent: ClientConsent::Trusted, ..before.clone() };
    server.put_client("portal", trusted).await;
    let mut browser = server.browser_of(&alice).await;
    for prompt in ["", "consent", "none"] {
        let answer = browser.authorize(&asking(&[SELLING, ("prompt", prompt)])).await;
        let code = answer.sent("code").expect("no consent is needed");
        let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
        assert_eq!(json["scope"], "openid sell:orders");
    }
    // No consent was stored, so the user is asked once the client is no longer trusted.
    server.put_client("portal", before).await;
    let asked = browser.authorize(&asking(&[SELLING])).await;
    assert!(asked.header("location").starts_with("/consent"), "{asked:?}");
}

/// OpenID Connect Core §3.1.2.1: with `prompt=consent` the user is asked even if no scope needs
/// consent.
#[tokio::test]
async fn prompt_consent_asks_for_all_scopes() {
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
    assert_error_redirect(&browser.fill_in(&page, &[("decision", "deny")]).await, "access_denied");
    // Without `prompt=consent` the user is not asked, because no scope is `REQUIRED`.
    assert!(browser.authorize(&asking(&[asked[0]])).await.sent("code").is_some());
}

/// OpenID Connect Core §11.
#[tokio::test]
async fn a_web_client_needs_consent_to_offline_access_once() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let offline = ("scope", "openid offline_access read:orders");
    let silent = browser.authorize(&asking(&[offline, ("prompt", "none")])).await;
    assert_error_redirect(&silent, "consent_required");
    let answer = browser.authorize(&asking(&[offline])).await;
    let page = browser.follow(answer).await.expect(200);
    assert!(page.body.contains("Keep this access while you are away"), "{}", page.body);
    assert!(!page.body.contains("read:orders"), "read:orders needs no consent");
    let denied = browser.fill_in(&page, &[("decision", "deny")]).await;
    assert_error_redirect(&denied, "access_denied");

    let answer = browser.authorize(&asking(&[offline])).await;
    let code = browser.agree(answer).await.sent("code").unwrap();
    let json = redeem(&server.as_client("portal"), &code).await.expect(200).json();
    assert!(json["refresh_token"].is_string(), "{json}");
    for prompt in ["", "none"] {
        let answer = browser.authorize(&asking(&[offline, ("prompt", prompt)])).await;
        assert!(answer.sent("code").is_some(), "consent was already given: {answer:?}");
    }
}

#[tokio::test]
async fn offline_access_needs_no_consent_for_a_public_or_trusted_client() {
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
