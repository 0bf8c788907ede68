//! What is logged about requests, and what must not be.

use axum::body::Body;
use scopegate_core::catalog::{
    ClientId, ClientSecret, ClientSpec, Edit, Entity, EntityKey, Owner, RowKey, Spec, StoredRow,
};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::store::CatalogStore;
use scopegate_jose::sha256;
use scopegate_testkit::{LogBuffer, UncheckedCatalog};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use crate::browser::{Browser, PASSWORD};
use crate::fixture::{ASKS, Fixture, TOKEN, basic, form_to, secret_of};
use crate::rendered::json;

/// Records what this thread logs until the guard is dropped.
fn record_all(log: &LogBuffer) -> DefaultGuard {
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_default(subscriber)
}

#[tokio::test]
async fn a_refusal_is_logged_once_and_without_secrets() {
    let log = LogBuffer::default();
    // If there is only one subscriber, `tracing` caches per line of code whether it is enabled, as
    // the first thread sees it. Threads of other tests have no subscriber and would disable the
    // line. A second subscriber prevents this.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = record_all(&log);

    let at = Fixture::start().await;
    let granted = json(at.ask(ASKS).await).await;
    let refused = json(at.ask("grant_type=client_credentials&scope=write:orders").await).await;
    let assertion = at.assertion("jti", &serde_json::json!({}));
    at.ask_with_assertion(&assertion).await;
    at.ask_with_assertion(&assertion).await;
    let form = format!("{ASKS}&client_id=poster&client_secret=wrong-{}", secret_of("poster"));
    at.send(form_to(TOKEN).body(Body::from(form)).unwrap()).await;
    let swapped = basic(&secret_of("reader"), "reader");
    let swapped = form_to(TOKEN).header("authorization", swapped).body(Body::from(ASKS));
    at.send(swapped.unwrap()).await;

    let decision = refused["decision_id"].as_str().unwrap();
    assert_eq!(log.count(&[decision]), 1, "{}", log.text());
    assert_eq!(log.count(&["a request was refused"]), 4, "{}", log.text());
    assert_eq!(log.count(&[r#"client="poster""#]), 1, "{}", log.text());
    let token = granted["access_token"].as_str().unwrap();
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in [
        secret_of("reader"),
        secret_of("poster"),
        basic("reader", &secret_of("reader")),
        signature(token),
        signature(&assertion),
    ] {
        assert_eq!(log.count(&[&secret]), 0, "{}", log.text());
    }
}

#[tokio::test]
async fn a_sign_in_puts_no_cookie_and_no_password_into_the_log() {
    let log = LogBuffer::default();
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = record_all(&log);

    let at = Fixture::start().await.with_users().await;
    let mut browser = Browser::new(&at);
    let mut secrets = vec![PASSWORD.to_owned(), "a wrong password".to_owned()];
    for password in ["a wrong password", PASSWORD, "a wrong password", PASSWORD] {
        browser.sign_in("alice", password).await;
        secrets.extend(browser.cookies.values().cloned());
    }
    browser.cookies.insert("scopegate-device".into(), "unreadable".into());
    browser.sign_in("alice", PASSWORD).await;
    assert!(secrets.len() > 8, "{} secrets", secrets.len());
    assert!(log.count(&["a request was refused"]) == 2, "{}", log.text());
    for secret in secrets {
        assert_eq!(log.count(&[&secret]), 0, "{}", log.text());
    }
}

/// RFC 6749 §2.3.1 requires a secret in the header to be form-encoded first. Many clients do not do
/// so.
#[tokio::test]
async fn a_secret_that_is_not_form_encoded_is_logged_once_per_client() {
    let log = LogBuffer::default();
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = record_all(&log);

    let at = Fixture::start().await;
    let secret = "a+b/c%2Fd%%e==that-is-long-enough-to-be-one";
    let mac = secret_mac(&at.master_key, &sha256(secret.as_bytes()));
    let mut version = at.store.catalog_version().await.unwrap();
    for id in ["plain", "other"] {
        let spec = ClientSpec {
            name: id.to_owned(),
            secrets: vec![ClientSecret::from_mac(mac)],
            grant_types: ["client_credentials".to_owned()].into(),
            ..ClientSpec::default()
        };
        let key = EntityKey::client(&ClientId::parse(id).unwrap());
        let edit = Edit::Put(Entity { key, owner: Owner::Api, spec: Spec::Client(Box::new(spec)) });
        version = at.store.write_catalog(version, &[edit], None).await.unwrap();
    }
    at.server.authority().reload().await.unwrap();
    let encoded = "a%2Bb%2Fc%252Fd%25%25e%3D%3Dthat-is-long-enough-to-be-one";
    let told = "does not form-encode its secret";
    for (id, sent, status, entries) in [
        ("plain", encoded, 200, 0),
        ("plain", "a+b/c%2Fd%%e==", 401, 0),
        ("nobody", secret, 401, 0),
        ("plain", secret, 200, 1),
        ("plain", secret, 200, 1),
        ("other", secret, 200, 2),
    ] {
        let request = form_to(TOKEN).header("authorization", basic(id, sent));
        let answer = at.send(request.body(Body::from(ASKS)).unwrap()).await;
        assert_eq!(answer.status(), status, "{id} {sent}");
        assert_eq!(log.count(&[told]), entries, "{}", log.text());
    }
    assert_eq!(log.count(&[secret]), 0);
    // A secret that cannot be decoded does not hide that the request names two clients.
    let two = form_to(TOKEN).header("authorization", basic("plain", secret));
    let two = two.body(Body::from(format!("{ASKS}&client_id=reader"))).unwrap();
    let refused = json(at.send(two).await).await;
    assert_eq!(refused["error"], "invalid_request");
    assert_eq!(refused["error_description"], "The credentials are not those of client_id.");
}

#[tokio::test]
async fn an_outage_of_a_server_or_client_is_logged_once_per_change() {
    let log = LogBuffer::default();
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let _guard = record_all(&log);

    let at = Fixture::start_in_memory().await;
    let row = |format| StoredRow {
        key: RowKey {
            kind: "scope".to_owned(),
            parent: "default".to_owned(),
            name: "read:orders".to_owned(),
        },
        format,
        owner: Some("file".to_owned()),
        body: Some(r#"{"description":"a description"}"#.to_owned()),
    };
    at.store.write_rows([row(2)]);
    at.server.authority().reload().await.unwrap();
    for _ in 0..5 {
        assert_eq!(at.ask(ASKS).await.status(), 503);
    }
    assert_eq!(log.count(&["a server is out of service on this node"]), 1, "{}", log.text());
    assert_eq!(log.count(&["its format is 2, known is 1"]), 1 + 5, "{}", log.text());
    assert_eq!(log.count(&[" WARN "]), 1, "{}", log.text());
    // The log contains nothing of the content of the row.
    assert!(!log.text().contains("a description"), "{}", log.text());

    at.store.write_rows([row(1)]);
    at.server.authority().reload().await.unwrap();
    assert_eq!(at.ask(ASKS).await.status(), 200);
    assert_eq!(log.count(&["a row is understood again, or gone"]), 1, "{}", log.text());
}
