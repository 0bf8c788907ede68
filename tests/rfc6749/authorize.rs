//! §3.1, §4.1.1 and §4.1.2: the authorization endpoint.

use scopegate_tests::Pkce;

use crate::rfc6749::world::{asking, assert_error_redirect, assert_page, start};

#[tokio::test]
async fn s4_1_a_user_signs_in_and_the_client_gets_a_code() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let answer = browser.authorize(&asking(&[])).await;
    assert!(answer.header("location").starts_with("/signin?request="), "{answer:?}");
    let back = browser.sign_in(answer, "alice").await;
    assert!(back.header("location").starts_with("https://portal.example/cb?code="), "{back:?}");
    assert_eq!(back.sent("state").as_deref(), Some("a state"));
    // The second request needs neither sign-in nor consent.
    let again = browser.authorize(&asking(&[("state", "")])).await;
    assert!(again.sent("code").is_some_and(|code| Some(code) != back.sent("code")));
    assert_eq!(again.sent("state"), None);
}

#[tokio::test]
async fn s4_1_a_request_cannot_be_continued_in_another_browser() {
    let (server, _) = start().await;
    let (mut victim, mut attacker) = (server.browser(), server.browser());
    let waiting = attacker.authorize(&asking(&[])).await.header("location").to_owned();
    assert_page(&victim.open(&waiting).await, 400);
    victim.authorize(&asking(&[])).await;
    assert_page(&victim.open(&waiting).await, 400);
    attacker.open(&waiting).await.expect(200);
}

#[tokio::test]
async fn s4_1_2_1_an_unknown_client_is_never_redirected() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for client in ["nobody", "", "00u", "portal\0", "Portal"] {
        let answer = browser.authorize(&asking(&[("client_id", client)])).await;
        assert_page(&answer, 400);
        assert!(!answer.body.contains("nobody"), "the page must not repeat the request");
    }
}

#[tokio::test]
async fn s3_1_2_4_a_bad_redirect_uri_is_never_redirected_to() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for uri in [
        "https://evil.example/cb",
        "https://portal.example/cb/",
        "https://portal.example/cb?x=1",
        "https://portal.example/cb#x",
        "https://portal.example:443/cb",
        "https://portal.example/CB",
        "https://portal.example@evil.example/cb",
        "//portal.example/cb",
        "javascript:alert(1)",
        // A missing redirect URI is an error with `openid`.
        "",
    ] {
        let answer = browser.authorize(&asking(&[("redirect_uri", uri)])).await;
        assert_page(&answer, 400);
        assert!(!answer.body.contains("evil"), "the page must not repeat the request");
    }
    // A client with two registered URIs must send one of them.
    let other = asking(&[("client_id", "other"), ("redirect_uri", ""), ("scope", "read:orders")]);
    assert_page(&browser.authorize(&other).await, 400);
}

#[tokio::test]
async fn s3_1_2_3_a_client_with_one_redirect_uri_may_omit_it() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("redirect_uri", ""), ("scope", "read:orders")]);
    let code = browser.authorize(&asked).await.sent("code").unwrap();
    let portal = server.as_client("portal");
    portal.token(&[("grant_type", "authorization_code"), ("code", &code)]).await.expect(200);
}

#[tokio::test]
async fn s3_1_2_the_query_of_the_redirect_uri_is_kept() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let pkce = Pkce::generate();
    let asked = asking(&[
        ("client_id", "other"),
        ("redirect_uri", "https://other.example/cb?tenant=1"),
        ("code_challenge", &pkce.challenge),
        ("code_challenge_method", "S256"),
    ]);
    let answer = browser.authorize(&asked).await;
    assert_eq!(answer.sent("tenant").as_deref(), Some("1"));
    assert!(answer.sent("code").is_some());
}

#[tokio::test]
async fn s3_1_unknown_parameters_are_ignored() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let asked = asking(&[("extra", "foobar"), ("code", "x"), ("client_secret", "x")]);
    assert!(browser.authorize(&asked).await.sent("code").is_some());
}

#[tokio::test]
async fn s3_1_a_request_may_be_posted() {
    let (server, alice) = start().await;
    let path = "/oauth2/default/v1/authorize";
    let mut browser = server.browser_of(&alice).await;
    assert!(browser.post(path, &asking(&[])).await.sent("code").is_some());

    // A form of another site arrives without cookies, so the server redirects to a GET request.
    let mut stranger = server.browser();
    let answer = stranger.post(path, &asking(&[])).await;
    assert!(answer.header("location").starts_with(&format!("{path}?response_type=code&")));
    let again = browser.open(answer.header("location")).await;
    assert!(again.sent("code").is_some());
    let signed_in = stranger.sign_in(answer, "alice").await;
    assert!(signed_in.sent("code").is_some());
}

#[tokio::test]
async fn s4_1_2_1_a_user_who_may_not_use_the_client_is_denied() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let mut browser = server.browser_of(&bob).await;
    let pkce = Pkce::generate();
    let proof = [
        ("client_id", "other"),
        ("code_challenge", pkce.challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    assert_error_redirect(&browser.authorize(&asking(&proof)).await, "access_denied");
    // Every user may use the portal, but not every user may write.
    let writing = asking(&[("scope", "openid write:orders")]);
    assert_error_redirect(&browser.authorize(&writing).await, "access_denied");
    assert!(browser.authorize(&asking(&[])).await.sent("code").is_some());
}

#[tokio::test]
async fn a_suspended_user_gets_no_code() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let inactive = scopegate_core::catalog::Status::Inactive;
    server.authority().set_user_status("alice", inactive).await.unwrap();
    let answer = browser.authorize(&asking(&[("prompt", "none")])).await;
    assert_error_redirect(&answer, "login_required");
}
