//! Wrong passwords: how they are counted if the connection is closed, and browsers with a device
//! cookie.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use http::header::SET_COOKIE;
use scopegate_claims::Clock;
use scopegate_core::catalog::Status;
use scopegate_core::directory::{LoginMatch, User};
use scopegate_core::people::passwords::Password;
use scopegate_core::store::{
    CatalogStore, Change, Directory, KeyStore, Ledger, StoredPassword, UserKey,
};

use crate::browser::{Browser, PASSWORD, Shown};
use crate::fixture::Fixture;

const DEVICE: &str = "scopegate-device";

/// A password that is too long to be hashed. It counts nevertheless.
fn wrong() -> String {
    "x".repeat(2000)
}

fn at(address: &str) -> Option<SocketAddr> {
    Some(SocketAddr::new(address.parse::<IpAddr>().unwrap(), 4000))
}

fn is_signed_in(shown: &Shown) -> bool {
    shown.status == StatusCode::SEE_OTHER
}

/// A browser with a sign-in form.
async fn browser_with_form<S: CatalogStore + KeyStore>(
    fixture: &Fixture<S>,
) -> (Browser<'_, S>, String) {
    let mut browser = Browser::new(fixture);
    let form = browser.sign_in_form().await;
    let request = form.request().to_owned();
    (browser, request)
}

async fn assert_too_many<S: CatalogStore + KeyStore>(
    browser: &mut Browser<'_, S>,
    request: &str,
    login: &str,
) {
    let refused = browser.fill_in(request, login, PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(refused.headers.get(SET_COOKIE).is_none());
}

#[tokio::test]
async fn a_guess_whose_request_is_dropped_stays_counted() {
    let fixture = Fixture::start_in_memory().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    // The storage does not answer, so that each request is dropped before its password is checked.
    fixture.store.hang();
    let hang_up = |login: String| {
        let (mut browser, request) = (browser.clone(), request.clone());
        let guess = async move { browser.fill_in(&request, &login, "wrong password").await };
        assert!(guess.now_or_never().is_none(), "it was answered");
    };
    for _ in 0..10 {
        hang_up("alice".into());
    }
    for name in 0..40 {
        hang_up(format!("user-{name}"));
    }
    fixture.store.repair();
    // Many guesses of other names do not displace the count.
    for name in 0..500 {
        let refused = browser.fill_in(&request, &format!("user-{name}"), "wrong password").await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    }
    for login in ["alice", "bob"] {
        assert_too_many(&mut browser, &request, login).await;
    }
    browser.address = at("192.0.2.8");
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
}

#[tokio::test]
async fn a_guess_that_is_refused_because_the_server_is_busy_is_not_counted() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    // One address may have eight waiting sign-ins. The others are refused as busy.
    let (mut waiting, mut counted) = (Vec::new(), 0);
    for _ in 0..30 {
        let (mut browser, request) = (browser.clone(), request.clone());
        let mut guess = Box::pin(async move {
            browser.fill_in(&request, "nobody", "wrong password").await //
        });
        match guess.as_mut().now_or_never().map(|answer| answer.status.as_u16()) {
            None => {
                counted += 1;
                waiting.push(guess);
            }
            Some(403) => counted += 1,
            Some(status) => assert!([429, 503].contains(&status), "{status}"),
        }
    }
    drop(waiting);
    // Admitted guesses count and refused ones do not: the name has ten in all.
    while browser.fill_in(&request, "nobody", &wrong()).await.status == StatusCode::FORBIDDEN {
        counted += 1;
    }
    assert_eq!(counted, 10);
    // The address has fifty.
    for name in ["a", "b", "c", "d"].repeat(10) {
        let refused = browser.fill_in(&request, name, &wrong()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_too_many(&mut browser, &request, "alice").await;
}

#[tokio::test]
async fn a_guess_during_an_outage_of_the_storage_is_not_counted() {
    let fixture = Fixture::start_in_memory().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    fixture.store.break_down();
    for _ in 0..60 {
        let refused = browser.fill_in(&request, "alice", PASSWORD).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.header("retry-after"), "5");
    }
    fixture.store.repair();
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
}

#[tokio::test]
async fn a_right_password_does_not_reset_the_count_of_another_login_with_the_same_key() {
    let fixture = Fixture::start_in_memory().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    for (login, login_match) in [("alice", LoginMatch::Exact), ("bob", LoginMatch::Key)] {
        let user = fixture.store.user(UserKey::Login(login)).await.unwrap().unwrap();
        let (from, user) = (user.version, Box::new(User { login_match, ..user }));
        fixture.store.commit(&[Change::MoveUser { from, user }]).await.unwrap();
        let mut is_refused = Vec::new();
        for password in [&*wrong(); 9].into_iter().chain([PASSWORD, &wrong(), &wrong()]) {
            browser.cookies.remove(DEVICE);
            let answer = browser.fill_in(&request, login, password).await;
            is_refused.push(answer.status == StatusCode::TOO_MANY_REQUESTS);
        }
        let is_forgotten = login_match == LoginMatch::Key;
        assert_eq!(is_refused[..11], [false; 11], "{login}");
        assert_eq!(is_refused[11], !is_forgotten, "{login}");
    }
}

#[tokio::test]
async fn dropped_requests_of_one_address_keep_no_other_user_out() {
    let fixture = Fixture::start().await.with_users().await;
    let (browser, request) = browser_with_form(&fixture).await;
    let mut others = browser.clone();
    for round in 0..5 {
        // All of them wait at the same time, and then are dropped.
        let mut crowd: Vec<_> = (0..20)
            .map(|number| {
                let (mut browser, request) = (browser.clone(), request.clone());
                Box::pin(async move {
                    let login = format!("user-{round}-{number}");
                    browser.fill_in(&request, &login, "wrong password").await
                })
            })
            .collect();
        for guess in &mut crowd {
            let _ = guess.as_mut().now_or_never();
        }
        others.address = at(&format!("198.51.100.{round}"));
        for login in ["alice", "bob"] {
            let answer = others.fill_in(&request, login, PASSWORD).await;
            assert!(is_signed_in(&answer), "{answer:?}");
        }
        drop(crowd);
    }
}

#[tokio::test]
async fn an_invented_forwarding_header_has_no_effect() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    for number in 0..50 {
        browser.forwarded_for = Some(format!("198.51.100.{number}"));
        let refused = browser.fill_in(&request, &format!("user-{number}"), &wrong()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    browser.forwarded_for = Some("198.51.100.99".into());
    assert_too_many(&mut browser, &request, "alice").await;
    // Nor does it count against the invented address.
    let mut victim = browser.clone();
    (victim.address, victim.forwarded_for) = (at("198.51.100.1"), None);
    assert!(is_signed_in(&victim.fill_in(&request, "alice", PASSWORD).await));

    // The entries of trusted proxies count, and those that the client itself wrote do not.
    browser.address = at("10.0.0.1");
    for number in 0..50 {
        browser.forwarded_for = Some(format!("192.0.2.{number}, 203.0.113.7"));
        let refused = browser.fill_in(&request, &format!("user-{number}"), &wrong()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_too_many(&mut browser, &request, "bob").await;
    browser.forwarded_for = Some("203.0.113.8".into());
    assert!(is_signed_in(&browser.fill_in(&request, "bob", PASSWORD).await));
}

#[tokio::test]
async fn ipv6_is_counted_by_64_bits_and_by_48() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    let mut refused = 0;
    for subnet in 0..1000 {
        browser.address = at(&format!("2001:db8:1:{subnet:x}::1"));
        let answer = browser.fill_in(&request, &format!("user-{subnet}"), &wrong()).await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 200, "a /48 has 16 times the 50 of a /64");
    assert_too_many(&mut browser, &request, "alice").await;
    for address in ["2001:db8:2::1", "192.0.2.1"] {
        browser.address = at(address);
        assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
        browser.cookies.remove(DEVICE);
    }
    for host in 0..10 {
        browser.address = at(&format!("2001:db8:3::{host}"));
        browser.fill_in(&request, "alice", &wrong()).await;
    }
    browser.address = at("2001:db8:3:0:ffff::1");
    assert_too_many(&mut browser, &request, "alice").await;
}

#[tokio::test]
async fn setting_the_clock_back_an_hour_does_not_prolong_a_lock() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    for _ in 0..10 {
        browser.fill_in(&request, "alice", &wrong()).await;
    }
    fixture.clock.set(fixture.clock.now().minus(Duration::from_secs(3600)));
    let refused = browser.fill_in(&request, "alice", PASSWORD).await;
    assert_eq!(refused.header("retry-after"), "900", "{refused:?}");
    fixture.clock.advance(Duration::from_secs(900));
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
}

/// Strangers use up the guesses of the login `alice` from all addresses, and those of the browser's
/// address.
async fn lock_out(browser: &Browser<'_>, request: &str) {
    let mut stranger = browser.clone();
    stranger.cookies.remove(DEVICE);
    for number in 0..100 {
        stranger.address = at(&format!("198.51.100.{}", number / 10));
        stranger.fill_in(request, "alice", &wrong()).await;
    }
    stranger.address = browser.address;
    for number in 0..50 {
        stranger.fill_in(request, &format!("user-{number}"), &wrong()).await;
    }
    assert_too_many(&mut stranger, request, "alice").await;
}

#[tokio::test]
async fn a_device_cookie_is_new_at_each_sign_in_and_lasts_for_a_year() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    let refused = browser.fill_in(&request, "alice", "wrong password").await;
    assert!(refused.headers.get(SET_COOKIE).is_none());
    let mut before = String::new();
    for _ in 0..2 {
        let answer = browser.fill_in(&request, "alice", PASSWORD).await;
        let lines: Vec<_> = answer.headers.get_all(SET_COOKIE).iter().collect();
        let line = lines.iter().find(|line| line.as_bytes().starts_with(b"scopegate-device="));
        let line = line.unwrap().to_str().unwrap();
        assert!(line.ends_with("; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax"), "{line}");
        assert_ne!(browser.cookies[DEVICE], before);
        before.clone_from(&browser.cookies[DEVICE]);
    }
    // It signs no user in, and signing out does not delete it.
    let question = browser.get("/signout").await;
    browser.post("/signout", &[("request", question.request())]).await;
    assert_eq!(browser.who().await, None);
    assert_eq!(browser.cookies[DEVICE], before);
}

#[tokio::test]
async fn a_browser_with_a_device_cookie_is_not_locked_out_by_strangers() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    let known = browser.cookies[DEVICE].clone();
    lock_out(&browser, &request).await;

    // Nine wrong passwords are allowed, and a right one resets the count.
    for _ in 0..2 {
        for _ in 0..9 {
            let refused = browser.fill_in(&request, "alice", &wrong()).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
        }
        assert!(is_signed_in(&browser.fill_in(&request, "Alice", PASSWORD).await));
    }
    // It does not apply to another user.
    assert_too_many(&mut browser, &request, "bob").await;
    // Nor does a cookie count that is malformed or occurs twice.
    let newest = browser.cookies[DEVICE].clone();
    for useless in [
        String::new(),
        "x".into(),
        newest[1..].into(),
        format!("{newest}; {DEVICE}={newest}"),
        format!("{newest}; {DEVICE}=x"),
        "A".repeat(4000),
    ] {
        browser.cookies.insert(DEVICE.into(), useless);
        assert_too_many(&mut browser, &request, "alice").await;
    }
    // An older cookie of the same browser has its own count, which is limited, too.
    browser.cookies.insert(DEVICE.into(), known);
    for _ in 0..10 {
        let refused = browser.fill_in(&request, "alice", &wrong()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_too_many(&mut browser, &request, "alice").await;
    fixture.clock.advance(Duration::from_secs(900));
    assert!(is_signed_in(&browser.sign_in("alice", PASSWORD).await));
}

#[tokio::test]
async fn a_browser_that_has_used_up_its_count_is_treated_like_a_stranger() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    for _ in 0..20 {
        let refused = browser.fill_in(&request, "alice", &wrong()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_too_many(&mut browser, &request, "alice").await;
    // The ten after its own count are those of the login from this address.
    browser.cookies.remove(DEVICE);
    assert_too_many(&mut browser, &request, "alice").await;
}

#[tokio::test]
async fn a_guess_with_a_device_cookie_stays_counted_if_its_request_is_dropped() {
    let fixture = Fixture::start_in_memory().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    for _ in 0..20 {
        // Polled once, and dropped while the hash is computed.
        let _ = browser.fill_in(&request, "alice", "wrong password").now_or_never();
    }
    let refused = browser.fill_in(&request, "alice", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_device_cookie_is_void_after_a_change_of_the_password() {
    let fixture = Fixture::start().await.with_users().await;
    let authority = fixture.server.authority();
    let (mut browser, request) = browser_with_form(&fixture).await;
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    lock_out(&browser, &request).await;
    let is_known = async |browser: &Browser<'_>| {
        let mut browser = browser.clone();
        let answer = browser.fill_in(&request, "alice", &wrong()).await;
        answer.status == StatusCode::FORBIDDEN
    };
    assert!(is_known(&browser).await);

    // The cookie stays valid after a rehash of the same password, a change of groups, or a
    // suspension.
    let alice = fixture.store.user(UserKey::Login("alice")).await.unwrap().unwrap();
    let StoredPassword { sealed, .. } = fixture.store.password(&alice.id).await.unwrap().unwrap();
    let renewed = Change::RenewHash { user: alice.id, sealed, at: fixture.clock.now() };
    fixture.store.commit(&[renewed]).await.unwrap();
    assert!(is_known(&browser).await);
    let staff = ["staff".to_owned()].into();
    authority.change_user_groups("alice", &staff, &Default::default()).await.unwrap();
    assert!(is_known(&browser).await);
    authority.set_user_status("alice", Status::Inactive).await.unwrap();
    let refused = browser.fill_in(&request, "alice", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "who is suspended is refused");
    authority.set_user_status("alice", Status::Active).await.unwrap();
    assert!(is_known(&browser).await);

    // Setting the same password again counts as a change.
    let again = Password::chosen(PASSWORD.to_owned()).unwrap();
    authority.set_user_password("alice", again).await.unwrap();
    assert!(!is_known(&browser).await);
    // It is replaced at the next sign-in.
    browser.address = at("203.0.113.1");
    fixture.clock.advance(Duration::from_secs(900));
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    browser.address = at("192.0.2.7");
    lock_out(&browser, &request).await;
    assert!(is_known(&browser).await);
}

#[tokio::test]
async fn a_device_cookie_does_not_reveal_which_logins_exist() {
    let fixture = Fixture::start().await.with_users().await;
    let (mut browser, request) = browser_with_form(&fixture).await;
    assert!(is_signed_in(&browser.fill_in(&request, "alice", PASSWORD).await));
    let passwords = fixture.server.authority().passwords();
    let mut answers = Vec::new();
    for login in ["bob", "carol"] {
        let mut of_login = Vec::new();
        for _ in 0..12 {
            let before = passwords.answered();
            let answer = browser.fill_in(&request, login, "wrong password").await;
            let (body, hashes) = (answer.body.replace(login, ""), passwords.answered() - before);
            of_login.push((answer.status, answer.header("retry-after").to_owned(), body, hashes));
        }
        answers.push(of_login);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][11].0, StatusCode::TOO_MANY_REQUESTS);
}
