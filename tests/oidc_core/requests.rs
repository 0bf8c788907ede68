//! Core §3.1.2.1: optional request parameters. The folder `rfc6749` tests refused ones.

use scopegate_tests::Pkce;

use crate::oidc_core::flow::{REDIRECT, code, redeemed, request, start};

#[tokio::test]
async fn a_preference_that_cannot_be_met_does_not_fail_the_request() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
    ] {
        let answer = browser.authorize(&request(&[(name, value)])).await;
        redeemed(&server, &code(&answer)).await.expect(200);
    }
}

#[tokio::test]
async fn a_request_with_pkce_needs_its_verifier() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let pkce = Pkce::generate();
    let asked = [("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", "S256")];
    let answer = browser.authorize(&request(&asked)).await;
    let portal = server.as_client("portal");
    let other = portal.redeem(&code(&answer), REDIRECT, &Pkce::generate()).await;
    other.expect_error(400, "invalid_grant");
    portal.redeem(&code(&answer), REDIRECT, &pkce).await.expect(200);
}
