//! Signing in and out, by forms in a browser.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use scopegate_core::catalog::Status;
use scopegate_core::people::passwords::Password;
use scopegate_core::people::session::SessionSecret;
use scopegate_core::store::Records;
use scopegate_jose::sha256;

use crate::browser::{Browser, PASSWORD, Shown};
use crate::fixture::Fixture;

/// A server with the users alice and bob.
async fn with_users() -> Fixture {
    Fixture::start().await.with_users().await
}

fn is_signed_in(shown: &Shown) -> bool {
    shown.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_right_password_signs_in_and_a_wrong_one_does_not() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    for (login, password) in [
        ("alice", "wrong"),
        ("alice", ""),
        ("", PASSWORD),
        ("carol", PASSWORD),
        ("alice", &PASSWORD.to_uppercase()),
        ("alice", &"x".repeat(2000)),
    ] {
        let refused = browser.sign_in(login, password).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{login}");
        assert!(refused.body.contains("The name or the password is wrong."), "{refused:?}");
        assert!(refused.headers.get("set-cookie").is_none());
        assert_eq!(browser.who().await, None);
    }
    // Upper and lower case make no difference.
    let answer = browser.sign_in("ALICE", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/account"));
    assert_eq!(browser.who().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn an_unknown_name_costs_as_many_hashes_and_has_the_same_answer() {
    let fixture = with_users().await;
    let authority = fixture.server.authority();
    authority.set_user_status("bob", Status::Inactive).await.unwrap();
    let mut browser = Browser::new(&fixture);
    // A password that is too long is not hashed, whether the user exists or not.
    for (wrong, hashes) in [("wrong password", 1), (&*"x".repeat(2000), 0)] {
        let mut answers = Vec::new();
        for login in ["alice", "carol", "bob"] {
            let form = browser.sign_in_form().await;
            let before = authority.passwords().answered();
            let refused = browser.fill_in(form.request(), login, wrong).await;
            assert_eq!(authority.passwords().answered() - before, hashes, "{login}");
            let body = refused.body.replace(form.request(), "").replace(login, "");
            answers.push((refused.status, body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}

#[tokio::test]
async fn a_session_is_renewed_at_sign_in() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    let first = browser.session().to_owned();
    let session_of = async |secret: &str| {
        let secret = SessionSecret::parse(secret).unwrap();
        fixture.store.session(&secret.sha256()).await.unwrap()
    };
    let before = session_of(&first).await.unwrap();
    assert_eq!(before.secret_sha256, sha256(first.as_bytes()));

    fixture.clock.advance(Duration::from_secs(600));
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    let second = browser.session().to_owned();
    assert_ne!(first, second);
    assert!(session_of(&first).await.is_none(), "the old secret opens nothing");
    let after = session_of(&second).await.unwrap();
    assert_eq!(after.id, before.id, "it is the same session");
    assert_eq!(after.auth.at, before.auth.at.plus(Duration::from_secs(600)));

    // A sign-in of another user begins another session, and ends the first one.
    assert!(is_signed_in(&browser.sign_in("bob", PASSWORD).await));
    assert_eq!(browser.who().await.as_deref(), Some("bob"));
    assert!(session_of(&second).await.is_none());
    let third = browser.session().to_owned();
    assert_ne!(session_of(&third).await.unwrap().id, before.id);
}

#[tokio::test]
async fn a_form_of_another_browser_is_refused() {
    let fixture = with_users().await;
    let (mut victim, mut attacker) = (Browser::new(&fixture), Browser::new(&fixture));
    let planted = attacker.sign_in_form().await;
    for _ in 0..2 {
        let refused = victim.fill_in(planted.request(), "alice", PASSWORD).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        assert!(refused.headers.get("set-cookie").is_none());
        // Once with no cookie of its own, once with one.
        victim.sign_in_form().await;
    }
    for request in ["", "x", &"A".repeat(60_000)] {
        let refused = victim.get(&format!("/signin?request={request}")).await;
        let expected = if request.is_empty() {
            303
        } else if request.len() > 64 {
            414
        } else {
            400
        };
        assert_eq!(refused.status.as_u16(), expected, "{refused:?}");
    }

    // Nor does the form of another browser sign a user out.
    assert!(is_signed_in(&victim.sign_in("alice", PASSWORD).await));
    for fields in [vec![], vec![("request", planted.request())]] {
        assert_eq!(victim.post("/signout", &fields).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(victim.who().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_waiting_request_expires_after_half_an_hour() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    fixture.clock.advance(Duration::from_secs(1799));
    assert!(is_signed_in(&browser.fill_in(form.request(), "alice", PASSWORD).await));
    fixture.clock.advance(Duration::from_secs(1));
    let refused = browser.fill_in(form.request(), "alice", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("This page has expired"), "{refused:?}");
}

#[tokio::test]
async fn a_cookie_of_https_is_a_host_cookie() {
    let fixture = Fixture::start_at("https://id.example.com").await;
    let led = Browser::new(&fixture).get("/account").await;
    let line = led.header("set-cookie");
    assert!(line.starts_with("__Host-scopegate-flow="), "{line}");
    assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{line}");
}

#[tokio::test]
async fn a_loopback_cookie_has_a_plain_name() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let line = browser.get("/account").await.header("set-cookie").to_owned();
    assert!(line.starts_with("scopegate-flow="), "{line}");
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{line}");
    let line = browser.sign_in("alice", PASSWORD).await.header("set-cookie").to_owned();
    assert!(line.starts_with("scopegate="), "{line}");
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{line}");
}

#[tokio::test]
async fn two_session_cookies_count_as_none() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    let twice = format!("{0}; scopegate={0}", browser.session());
    browser.cookies.insert("scopegate".into(), twice);
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn pages_may_not_be_framed_or_stored() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let mut pages = vec![
        browser.sign_in_form().await,
        browser.sign_in("alice", "wrong").await,
        browser.get("/signin?request=x").await,
        browser.get("/signout").await,
    ];
    browser.sign_in("alice", PASSWORD).await;
    pages.extend([browser.get("/account").await, browser.get("/signout").await]);
    for page in pages {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!page.body.contains("<script"), "it works without: {}", page.body);
        assert!(page.headers.get("access-control-allow-origin").is_none());
    }
}

#[tokio::test]
async fn what_a_stranger_sends_is_escaped() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let refused = browser.sign_in("\"><script>alert(1)</script>", "wrong").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.body.contains("<script"), "{}", refused.body);
    assert!(refused.body.contains("value=\"&quot;&gt;&lt;script&gt;"), "{}", refused.body);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_refused_on_a_page() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    browser.sign_in_form().await;
    for path in ["/signin", "/signout"] {
        for (form, status) in [
            (vec![b'a'; 70_000], 413),
            (b"username=%ff".to_vec(), 400),
            (b"username=a&username=b".to_vec(), 400),
            (b"username=%zz".to_vec(), 400),
        ] {
            let refused = browser.post_raw(path, form).await;
            assert_eq!(refused.status.as_u16(), status, "{refused:?}");
            assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(refused.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn an_idle_session_ends() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    for _ in 0..3 {
        fixture.clock.advance(Duration::from_secs(2 * 3600 - 1));
        assert!(browser.who().await.is_some(), "a session that is used goes on");
    }
    fixture.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn a_session_ends_after_a_day_however_it_is_used() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    for _ in 0..23 {
        fixture.clock.advance(Duration::from_secs(3600));
        assert!(browser.who().await.is_some());
    }
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!(browser.who().await, None);
}

/// More than can wait for a thread. Each tries an unknown name.
fn crowd<'a>(
    browser: &Browser<'a>,
    request: &str,
) -> impl Iterator<Item: Future<Output = Shown> + 'a> {
    (0..200).map(move |number| {
        let (mut browser, request) = (browser.clone(), request.to_owned());
        async move { browser.fill_in(&request, &format!("user-{number}"), "wrong password").await }
    })
}

#[tokio::test]
async fn a_full_pool_of_workers_is_503() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    browser.address = None;
    let form = browser.sign_in_form().await;
    let mut crowd: FuturesUnordered<_> = crowd(&browser, form.request()).collect();
    let busy = loop {
        let answer = crowd.next().await.unwrap();
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE => break answer,
            // Its password was checked, before or while the others arrived.
            status => assert_eq!(status, StatusCode::FORBIDDEN),
        }
    };
    assert_eq!(busy.header("retry-after"), "1");
    assert!(busy.body.contains("Too many people sign in"), "{busy:?}");
    // The other requests are dropped. Those that were not checked do not count, and the next right
    // password is accepted.
    drop(crowd);
    let mut answer = browser.sign_in("alice", PASSWORD).await;
    while answer.status == StatusCode::SERVICE_UNAVAILABLE {
        answer = browser.sign_in("alice", PASSWORD).await;
    }
    assert!(is_signed_in(&answer));
}

#[tokio::test]
async fn guessing_is_slowed_before_hashing() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    for _ in 0..10 {
        let refused = browser.fill_in(form.request(), "alice", "wrong password").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    // While no thread is free, a request that needs one is told to try again.
    let mut elsewhere = browser.clone();
    elsewhere.address = None;
    let mut crowd: FuturesUnordered<_> = crowd(&elsewhere, form.request()).collect();
    while crowd.next().await.unwrap().status != StatusCode::SERVICE_UNAVAILABLE {}
    // A request that is refused for too many guesses needs none, even with the right password.
    let guesses = (0..20).map(|_| {
        let (mut browser, request) = (browser.clone(), form.request());
        async move { browser.fill_in(request, "Alice", PASSWORD).await }
    });
    for refused in join_all(guesses).await {
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.header("retry-after"), "900");
        assert!(refused.body.contains("Try again later."), "{refused:?}");
    }
    while crowd.next().await.is_some() {}
    assert!(is_signed_in(&browser.fill_in(form.request(), "bob", PASSWORD).await));
    // Guesses from another address do not lock the user out.
    browser.address = address(1);
    assert!(is_signed_in(&browser.fill_in(form.request(), "alice", PASSWORD).await));
    browser.address = None;
    fixture.clock.advance(Duration::from_secs(900));
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
}

#[tokio::test]
async fn guessing_one_name_is_slowed_from_however_many_addresses() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    // It is too long to be hashed, and counts nevertheless.
    let wrong = "x".repeat(2000);
    for number in 0..100 {
        browser.address = address(number / 10);
        let refused = browser.fill_in(form.request(), "alice", &wrong).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    browser.address = address(10);
    for login in ["alice", "bob"].repeat(30) {
        let answer = browser.fill_in(form.request(), login, PASSWORD).await;
        // A guess that is refused for its name does not count for the address.
        match login {
            "alice" => assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS),
            _ => assert!(is_signed_in(&answer), "{answer:?}"),
        }
    }
}

fn address(number: u8) -> Option<SocketAddr> {
    Some(SocketAddr::from(([198, 51, 100, number], 4000)))
}

#[tokio::test]
async fn guessing_from_one_address_is_slowed_whomever_it_is_about() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    for number in 0..50 {
        let login = format!("user-{number}");
        let refused = browser.fill_in(form.request(), &login, "wrong password").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let refused = browser.fill_in(form.request(), "alice", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    // Other addresses are not locked out.
    browser.address = address(1);
    assert!(is_signed_in(&browser.fill_in(form.request(), "alice", PASSWORD).await));
}

#[tokio::test]
async fn a_suspended_user_is_signed_out_and_cannot_sign_in() {
    let fixture = with_users().await;
    let authority = fixture.server.authority();
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));

    authority.set_user_status("alice", Status::Inactive).await.unwrap();
    assert_eq!(browser.who().await, None);
    assert_eq!(browser.sign_in("alice", PASSWORD).await.status, StatusCode::FORBIDDEN);

    // After activation the user must sign in again: the earlier session has ended.
    authority.set_user_status("alice", Status::Active).await.unwrap();
    assert_eq!(browser.who().await, None);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_the_old_one_is_refused() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    let new = Password::chosen("another password".to_owned()).unwrap();
    fixture.server.authority().set_user_password("alice", new).await.unwrap();
    assert_eq!(browser.who().await, None);
    assert_eq!(browser.sign_in("alice", PASSWORD).await.status, StatusCode::FORBIDDEN);
    assert!(is_signed_in(&browser.sign_in("alice", "another password").await));
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
    let kept = browser.cookies.clone();
    let question = browser.get("/signout").await;
    assert!(question.body.contains("<strong>alice</strong>"), "{question:?}");

    let led = browser.post("/signout", &[("request", question.request())]).await;
    assert_eq!((led.status, led.location()), (StatusCode::SEE_OTHER, "/signout"));
    assert!(!browser.cookies.contains_key("scopegate"));
    assert!(browser.get("/signout").await.body.contains("You are signed out."));

    // A copy of the cookie is refused.
    browser.cookies = kept;
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn an_outage_of_the_storage_is_503_and_not_a_wrong_password() {
    let fixture = with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    fixture.store.close().await;
    for _ in 0..15 {
        let refused = browser.fill_in(form.request(), "alice", PASSWORD).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
        assert_eq!(refused.header("retry-after"), "5");
    }
}
