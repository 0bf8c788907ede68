//! §3.1, §4.1.1 and §4.1.2: the authorization endpoint.

use scopegate_tests::Pkce;

use crate::rfc6749::world::{asking, assert_page, assert_told, start};

#[tokio::test]
async fn s4_1_a_person_signs_in_and_the_client_gets_a_code() {
    let (server, _) = start().await;
    let mut browser = server.browser();
    let answer = browser.authorize(&asking(&[])).await;
    assert!(answer.header("location").starts_with("/signin?request="), "{answer:?}");
    let back = browser.sign_in(answer, "alice").await;
    assert!(back.header("location").starts_with("https://portal.example/cb?code="), "{back:?}");
    assert_eq!(back.sent("state").as_deref(), Some("a state"));
    // The second time nobody is asked anything.
    let again = browser.authorize(&asking(&[("state", "")])).await;
    assert!(again.sent("code").is_some_and(|code| Some(code) != back.sent("code")));
    assert_eq!(again.sent("state"), None);
}

#[tokio::test]
async fn s4_1_a_request_of_another_browser_does_not_go_on() {
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
        assert!(!answer.body.contains("nobody"), "nothing of the request is shown");
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
        // Not named: with `openid` it must be.
        "",
    ] {
        let answer = browser.authorize(&asking(&[("redirect_uri", uri)])).await;
        assert_page(&answer, 400);
        assert!(!answer.body.contains("evil"), "nothing of the request is shown");
    }
    // A second registered URI, or none that was chosen among two.
    let other = asking(&[("client_id", "other"), ("redirect_uri", ""), ("scope", "read:orders")]);
    assert_page(&browser.authorize(&other).await, 400);
}

#[tokio::test]
async fn s3_1_2_3_the_only_redirect_uri_need_not_be_named() {
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

    // A form of another site brings no cookies: it is asked again by GET.
    let mut stranger = server.browser();
    let answer = stranger.post(path, &asking(&[])).await;
    assert!(answer.header("location").starts_with(&format!("{path}?response_type=code&")));
    let again = browser.open(answer.header("location")).await;
    assert!(again.sent("code").is_some());
    let signed_in = stranger.sign_in(answer, "alice").await;
    assert!(signed_in.sent("code").is_some());
}

#[tokio::test]
async fn s4_1_2_1_whoever_may_not_use_the_client_is_denied() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let mut browser = server.browser_of(&bob).await;
    let pkce = Pkce::generate();
    let proof = [
        ("client_id", "other"),
        ("code_challenge", pkce.challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    assert_told(&browser.authorize(&asking(&proof)).await, "access_denied");
    // The portal is everybody's, but writing is not.
    let writing = asking(&[("scope", "openid write:orders")]);
    assert_told(&browser.authorize(&writing).await, "access_denied");
    assert!(browser.authorize(&asking(&[])).await.sent("code").is_some());
}

#[tokio::test]
async fn a_suspended_person_gets_no_code() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let inactive = scopegate_core::catalog::Status::Inactive;
    server.authority().set_user_status("alice", inactive).await.unwrap();
    let answer = browser.authorize(&asking(&[("prompt", "none")])).await;
    assert_told(&answer, "login_required");
}
