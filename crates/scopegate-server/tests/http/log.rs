//! What the log says of requests, and what it must not say.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use crate::browser::{Browser, PASSWORD};
use crate::fixture::{ASKS, Fixture, TOKEN, basic, form_to, secret_of};
use crate::rendered::json;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Records what this thread logs, as long as the guard lives.
    fn records_all(&self) -> DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn entries(&self, part: &str) -> usize {
        self.text().lines().filter(|line| line.contains(part)).count()
    }
}

#[tokio::test]
async fn a_refusal_is_logged_once_and_no_secret_ever() {
    let log = Log::default();
    // With one subscriber only, `tracing` asks the one of whichever thread comes first to a line of code
    // whether it shall be logged, and remembers the answer: other tests have none.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = log.records_all();

    let at = Fixture::start().await;
    let granted = json(at.ask(ASKS).await).await;
    let refused = json(at.ask("grant_type=client_credentials&scope=write:orders").await).await;
    let assertion = at.assertion("jti", &json!({}));
    at.ask_with_assertion(&assertion).await;
    at.ask_with_assertion(&assertion).await;
    let form = format!("{ASKS}&client_id=poster&client_secret=wrong-{}", secret_of("poster"));
    at.send(form_to(TOKEN).body(Body::from(form)).unwrap()).await;
    let swapped = basic(&secret_of("reader"), "reader");
    let swapped = form_to(TOKEN).header("authorization", swapped).body(Body::from(ASKS));
    at.send(swapped.unwrap()).await;

    let decision = refused["decision_id"].as_str().unwrap();
    assert_eq!(log.entries(decision), 1, "{}", log.text());
    assert_eq!(log.entries("a request was refused"), 4, "{}", log.text());
    assert_eq!(log.entries(r#"client="poster""#), 1, "{}", log.text());
    let token = granted["access_token"].as_str().unwrap();
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in [
        secret_of("reader"),
        secret_of("poster"),
        basic("reader", &secret_of("reader")),
        signature(token),
        signature(&assertion),
    ] {
        assert_eq!(log.entries(&secret), 0, "{}", log.text());
    }
}

#[tokio::test]
async fn a_sign_in_puts_no_cookie_and_no_password_into_the_log() {
    let log = Log::default();
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = log.records_all();

    let at = Fixture::start().await.with_people().await;
    let mut browser = Browser::new(&at);
    let mut secrets = vec![PASSWORD.to_owned(), "a wrong password".to_owned()];
    for password in ["a wrong password", PASSWORD, "a wrong password", PASSWORD] {
        browser.sign_in("alice", password).await;
        secrets.extend(browser.cookies.values().cloned());
    }
    browser.cookies.insert("scopegate-device".into(), "unreadable".into());
    browser.sign_in("alice", PASSWORD).await;
    assert!(secrets.len() > 8, "{} secrets", secrets.len());
    assert!(log.entries("a request was refused") == 2, "{}", log.text());
    for secret in secrets {
        assert_eq!(log.entries(&secret), 0, "{}", log.text());
    }
}
