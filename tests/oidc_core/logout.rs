//! RP-Initiated Logout 1.0.

use scopegate_tests::{Answer, Browser, TestServer};

use crate::oidc_core::flow::{altered, start, tokens};

const LOGOUT: &str = "/oauth2/default/v1/logout";
const OUT: &str = "https://portal.example/out";

/// A browser in which Alice is signed in, and an ID token about her.
async fn signed_in(server: &TestServer) -> (Browser<'_>, String) {
    let mut browser = server.browser();
    let tokens = tokens(server, &mut browser, &[]).await;
    (browser, tokens["id_token"].as_str().unwrap().to_owned())
}

async fn log_out(browser: &mut Browser<'_>, parameters: &[(&str, &str)]) -> Answer {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(parameters).finish();
    browser.open(&format!("{LOGOUT}?{query}")).await
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let answer = browser.open("/account").await;
    answer.status == 200 && answer.body.contains("alice")
}

/// Asserts a refusal: an error page, no redirect, and Alice is still signed in.
async fn refused(browser: &mut Browser<'_>, parameters: &[(&str, &str)]) {
    let answer = log_out(browser, parameters).await.expect(400);
    answer.page();
    assert_eq!(answer.header("location"), "");
    assert!(!answer.body.contains("evil"), "the page must not repeat the request");
    assert!(is_signed_in(browser).await);
}

#[tokio::test]
async fn with_hint_redirect_and_state_the_browser_returns_to_the_client() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    let asked =
        [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT), ("state", "a & b")];
    let answer = log_out(&mut browser, &asked).await;
    assert_eq!(answer.location().as_str(), "https://portal.example/out?state=a+%26+b");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!is_signed_in(&mut browser).await);
    // A second request, without a session, gives the same answer.
    assert_eq!(log_out(&mut browser, &asked).await.status, 303);
}

#[tokio::test]
async fn an_expired_hint_is_accepted() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    server.clock().advance(std::time::Duration::from_secs(61 * 60));
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    let answer = log_out(&mut browser, &asked).await;
    assert_eq!(answer.location().as_str(), OUT, "the request had no state");
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn an_invalid_hint_is_refused() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    let altered = altered(&hint);
    for bad in ["x", "a.b.c", altered.as_str()] {
        let asked = [("id_token_hint", bad), ("post_logout_redirect_uri", OUT)];
        refused(&mut browser, &asked).await;
    }
    let asked = [("id_token_hint", hint.as_str()), ("client_id", "poster")];
    refused(&mut browser, &asked).await;
    let asked = [("id_token_hint", hint.as_str()), ("id_token_hint", hint.as_str())];
    refused(&mut browser, &asked).await;
}

#[tokio::test]
async fn without_a_hint_the_user_is_always_asked() {
    let (server, _) = start().await;
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[], "/signout"),
        (&[("state", "only")], "/signout"),
        (
            &[("client_id", "portal"), ("post_logout_redirect_uri", OUT), ("state", "s")],
            "https://portal.example/out?state=s",
        ),
    ];
    for (asked, goes_to) in cases {
        let (mut browser, _) = signed_in(&server).await;
        let page = log_out(&mut browser, asked).await.expect(200);
        assert!(is_signed_in(&mut browser).await, "the page alone must not sign the user out");
        let answer = browser.fill_in(&page, &[]).await;
        assert!(answer.location().as_str().ends_with(goes_to), "{}", answer.location());
        assert!(!is_signed_in(&mut browser).await);
    }
}

#[tokio::test]
async fn the_sign_out_page_is_valid_only_in_its_browser() {
    let (server, _) = start().await;
    let (mut browser, _) = signed_in(&server).await;
    let (mut other, _) = signed_in(&server).await;
    let page = log_out(&mut browser, &[]).await.expect(200);
    let request = page.page().field("request").unwrap().to_owned();
    other.post(LOGOUT, &[("request", &request)]).await.expect(400);
    other.post(LOGOUT, &[("request", "forged")]).await.expect(400);
    assert!(is_signed_in(&mut other).await && is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn with_a_hint_of_another_user_or_session_the_user_is_asked() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let (_, hint) = signed_in(&server).await;
    let mut of_bob = server.browser_of(&bob).await;
    let page = log_out(&mut of_bob, &[("id_token_hint", &hint)]).await.expect(200);
    assert!(page.body.contains("bob"));
    let (mut another, _) = signed_in(&server).await;
    log_out(&mut another, &[("id_token_hint", &hint)]).await.expect(200);
    assert!(is_signed_in(&mut another).await);
}

#[tokio::test]
async fn without_a_redirect_the_server_shows_that_the_user_is_signed_out() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    let answer = log_out(&mut browser, &[("id_token_hint", &hint), ("state", "s")]).await;
    let page = browser.follow(answer).await.expect(200);
    assert!(page.body.contains("You are signed out."), "{}", page.body);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_redirect_that_is_not_exactly_registered_is_refused() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    for elsewhere in [
        "https://evil.example/out",
        "https://portal.example/out?evil=1",
        "https://portal.example/out?from=as&evil=1",
        "https://portal.example/out/",
        "https://portal.example/cb",
    ] {
        let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", elsewhere)];
        refused(&mut browser, &asked).await;
    }
    refused(&mut browser, &[("post_logout_redirect_uri", OUT)]).await;
    refused(&mut browser, &[("client_id", "nobody")]).await;
    let long = "s".repeat(1025);
    let asked = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", OUT),
        ("state", long.as_str()),
    ];
    refused(&mut browser, &asked).await;
    let registered = "https://portal.example/out?from=as";
    let asked = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", registered),
        ("state", "s"),
    ];
    let answer = log_out(&mut browser, &asked).await;
    assert_eq!(answer.location().as_str(), "https://portal.example/out?from=as&state=s");
}

#[tokio::test]
async fn a_posted_form_without_cookies_is_redirected_to_get() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    // This is what a browser sends for a form of another site.
    let again = server.browser().post(LOGOUT, &asked).await;
    assert_eq!(again.location().path(), LOGOUT);
    let answer = browser.follow(again).await;
    assert_eq!(answer.location().as_str(), OUT);
    assert!(!is_signed_in(&mut browser).await);
    let (mut browser, hint) = signed_in(&server).await;
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    assert_eq!(browser.post(LOGOUT, &asked).await.location().as_str(), OUT);
    assert!(!is_signed_in(&mut browser).await);
}

/// A form of another site arrives without the `SameSite=Lax` cookies, but the browser would obey an
/// answer that sets or deletes a cookie.
#[tokio::test]
async fn an_answer_to_a_request_without_a_session_deletes_no_cookie() {
    let (server, _) = start().await;
    let (mut browser, hint) = signed_in(&server).await;
    let long = "s".repeat(9 * 1024);
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    let and_state = |state| [&asked[..], &[("state", state)]].concat();
    let forged = [&asked[..], &[("request", "forged")]].concat();
    let of_another_site = async |form: &[(&str, &str)]| server.browser().post(LOGOUT, form).await;
    let opened = server.browser().open(&format!("{LOGOUT}?post_logout_redirect_uri={OUT}")).await;
    let answers = [
        (413, of_another_site(&and_state(&long)).await),
        (413, of_another_site(&[("x", &long)]).await),
        (303, of_another_site(&and_state("s")).await),
        (303, of_another_site(&[]).await),
        (400, of_another_site(&forged).await),
        (400, opened),
        (303, log_out(&mut server.browser(), &asked).await),
        (303, log_out(&mut server.browser(), &[]).await),
        (200, server.browser().open("/signout").await),
        (400, server.browser().post("/signout", &[("request", "forged")]).await),
    ];
    for (case, (status, answer)) in answers.iter().enumerate() {
        assert_eq!(answer.status.as_u16(), *status, "case {case}: {}", answer.body);
        assert_eq!(answer.header("set-cookie"), "", "case {case}");
    }
    assert!(is_signed_in(&mut browser).await);

    // With a session, a long form is refused too, and a normal one deletes the cookie.
    browser.post(LOGOUT, &and_state(&long)).await.expect(413);
    assert!(is_signed_in(&mut browser).await);
    let answer = browser.post(LOGOUT, &asked).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_deletes_no_cookie_the_second_time() {
    let (server, _) = start().await;
    for path in ["/signout", LOGOUT] {
        let (mut browser, _) = signed_in(&server).await;
        let page = browser.open(path).await.expect(200);
        let first = browser.fill_in(&page, &[]).await;
        assert!(first.header("set-cookie").contains("Max-Age=0"), "{path}");
        let second = browser.fill_in(&page, &[]).await;
        assert!(second.location().path().ends_with("/signout"), "{path}");
        assert_eq!(second.header("set-cookie"), "", "{path}");
    }
}

/// The page does not repeat the ID token of the request, only the client that it is for.
#[tokio::test]
async fn the_sign_out_page_shows_no_token() {
    let (server, _) = start().await;
    let bob = server.add_user("bob", &[]).await;
    let (_, hint) = signed_in(&server).await;
    let mut of_bob = server.browser_of(&bob).await;
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", OUT)];
    let page = log_out(&mut of_bob, &asked).await.expect(200);
    assert!(!page.body.contains(&hint));
    assert_eq!(page.page().field("client_id"), Some("portal"));
    assert_eq!(of_bob.fill_in(&page, &[]).await.location().as_str(), OUT);
}

#[tokio::test]
async fn discovery_names_the_endpoint() {
    let (server, _) = start().await;
    let path = "/oauth2/default/.well-known/openid-configuration";
    let document = server.anonymous().read(path).await.expect(200).json();
    assert_eq!(document["end_session_endpoint"], format!("http://127.0.0.1:9000{LOGOUT}"));
}
