//! Calls of hooks over real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::routing::post;
use scopegate_core::catalog::{HookCredential, HookOauth, HookSecret, HttpHook};
use scopegate_jose::{Algorithm, SigningKey};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::*;
use crate::listen::{ListenSettings, Listener};

/// What the service got last, and how often its token endpoint was asked.
#[derive(Clone, Default)]
struct Seen {
    last: Arc<Mutex<(HeaderMap, Bytes)>>,
    asked: Arc<AtomicU32>,
    tokens: Arc<AtomicU32>,
    form: Arc<Mutex<String>>,
}

async fn service() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let note = {
        let seen = seen.clone();
        move |headers: HeaderMap, body: Bytes| {
            seen.asked.fetch_add(1, Ordering::Relaxed);
            *seen.last.lock().unwrap() = (headers, body);
        }
    };
    let hook = move |headers: HeaderMap, body: Bytes| {
        note(headers, body);
        std::future::ready("{}")
    };
    let token = {
        let seen = seen.clone();
        move |form: String| {
            let number = seen.tokens.fetch_add(1, Ordering::Relaxed) + 1;
            *seen.form.lock().unwrap() = form;
            let token = format!(
                r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":3600}}"#
            );
            std::future::ready(token)
        }
    };
    let endless = || async {
        let chunk = || Ok::<_, std::convert::Infallible>(vec![b' '; 64 * 1024]);
        Body::from_stream(futures_util::stream::repeat_with(chunk))
    };
    let compressed = || async { ([("content-encoding", "gzip")], "x") };
    let identity = || async { ([("content-encoding", "identity")], "{}") };
    let redirect = || async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/hook")]) };
    let site = Router::new()
        .route("/hook", post(hook))
        .route("/nothing", post(|| async { StatusCode::NO_CONTENT }))
        .route("/just-fits", post(|| async { " ".repeat(MAX_LENGTH) }))
        .route("/large", post(|| async { " ".repeat(MAX_LENGTH + 1) }))
        .route("/endless", post(endless))
        .route("/compressed", post(compressed))
        .route("/identity", post(identity))
        .route("/redirect", post(redirect))
        .route("/error", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/unauthorized", post(|| async { StatusCode::UNAUTHORIZED }))
        .route("/created", post(|| async { (StatusCode::CREATED, "{}") }))
        .route("/token", post(token))
        .route("/token/error", post(|| async { StatusCode::BAD_REQUEST }))
        .route("/token/html", post(|| async { "<html>" }))
        .route("/token/mac", post(|| async { r#"{"access_token":"t","token_type":"MAC"}"# }));
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(&ListenSettings { address, tls: None }).await.unwrap();
    let address = listener.address();
    tokio::spawn(listener.serve(site, std::future::pending()));
    (address, seen)
}

fn hook(url: String, auth: Option<HookAuth>) -> HttpHook {
    let headers = BTreeMap::from([("x-tenant".to_owned(), "acme".to_owned())]);
    HttpHook { url, auth, headers }
}

async fn call(
    hooks: &HttpHooks,
    hook: &HttpHook,
    secret: Option<&str>,
) -> Result<Option<Vec<u8>>, HookFailure> {
    let secret = secret.map(|secret| Zeroizing::new(secret.to_owned()));
    let call = HttpCall {
        name: "h",
        hook,
        secret: secret.as_ref(),
        event_id: "event-1",
        timestamp: 1_800_000_000,
        body: br#"{"eventId":"event-1"}"#,
        ends_at: Instant::now() + Duration::from_secs(10),
    };
    hooks.post(call).await
}

fn failure(answer: Result<Option<Vec<u8>>, HookFailure>) -> String {
    answer.expect_err("it fails").to_string()
}

#[tokio::test]
async fn a_service_gets_the_body_and_the_headers_and_its_answer_is_bounded() {
    let (address, seen) = service().await;
    let hooks = HttpHooks::default();
    let at = |path: &str| hook(format!("http://{address}{path}"), None);
    let answer = call(&hooks, &at("/hook"), None).await.unwrap();
    assert_eq!(answer.as_deref(), Some(&b"{}"[..]));
    let (headers, body) = seen.last.lock().unwrap().clone();
    assert_eq!(body, br#"{"eventId":"event-1"}"#.as_slice());
    for (name, value) in [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("x-tenant", "acme"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(headers.get_all("content-type").iter().count(), 1);
    assert_eq!(call(&hooks, &at("/nothing"), None).await.unwrap(), None);
    assert_eq!(call(&hooks, &at("/just-fits"), None).await.unwrap().unwrap().len(), MAX_LENGTH);
    assert!(call(&hooks, &at("/identity"), None).await.is_ok());
    let too_large = "the answer is longer than 256 KiB";
    for (path, problem) in [
        ("/large", too_large),
        ("/endless", too_large),
        ("/compressed", "the answer is compressed"),
        ("/error", "the answer had the status 500"),
        ("/created", "the answer had the status 201"),
        ("/redirect", "the answer was a redirect (307)"),
    ] {
        assert_eq!(failure(call(&hooks, &at(path), None).await), problem, "{path}");
    }
    assert_eq!(seen.asked.load(Ordering::Relaxed), 1, "the redirect was not followed");
}

#[tokio::test]
async fn only_https_and_loopback_are_called() {
    let hooks = HttpHooks::default();
    for url in ["http://hooks.example", "http://10.0.0.1/", "ftp://127.0.0.1/", "no url"] {
        let refused = failure(call(&hooks, &hook(url.to_owned(), None), None).await);
        assert_eq!(refused, "no connection: the URL is not https", "{url}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = failure(call(&hooks, &hook(closed, None), None).await);
    assert!(refused.starts_with("no connection: "), "{refused}");
}

#[tokio::test]
async fn a_header_and_a_signature_tell_who_calls() {
    let (address, seen) = service().await;
    let hooks = HttpHooks::default();
    let url = format!("http://{address}/hook");
    let stored = HookSecret::forgotten;
    let header = HookAuth::Header { name: "X-Key".to_owned(), value: stored() };
    call(&hooks, &hook(url.clone(), Some(header)), Some("open sesame")).await.unwrap();
    assert_eq!(seen.last.lock().unwrap().0["x-key"], "open sesame");

    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signed = Some(HookAuth::Signature(stored()));
    call(&hooks, &hook(url, signed), Some(key)).await.unwrap();
    let (headers, body) = seen.last.lock().unwrap().clone();
    assert_eq!(headers["webhook-id"], "event-1");
    assert_eq!(headers["webhook-timestamp"], "1800000000");
    let expected = signature(&signature_key(key).unwrap(), "event-1", 1_800_000_000, &body);
    assert_eq!(headers["webhook-signature"], expected);
}

fn oauth(address: SocketAddr, path: &str, credential: HookCredential) -> Option<HookAuth> {
    Some(HookAuth::Oauth(HookOauth {
        token_url: format!("http://{address}{path}"),
        client_id: "scopegate".to_owned(),
        credential,
        scope: Some("hooks write".to_owned()),
    }))
}

#[tokio::test]
async fn an_access_token_is_fetched_once_by_client_secret_post() {
    let (address, seen) = service().await;
    let hooks = HttpHooks::default();
    let secret = || HookCredential::Secret(HookSecret::forgotten());
    let at =
        |path: &str| hook(format!("http://{address}{path}"), oauth(address, "/token", secret()));
    for _ in 0..2 {
        call(&hooks, &at("/hook"), Some("s&cret")).await.unwrap();
        assert_eq!(seen.last.lock().unwrap().0["authorization"], "Bearer t1");
    }
    let form = "grant_type=client_credentials&client_id=scopegate&scope=hooks+write&client_secret=s%26cret";
    assert_eq!(*seen.form.lock().unwrap(), form);
    // A service that does not take the token gets a new one with the next call.
    assert!(failure(call(&hooks, &at("/unauthorized"), Some("s&cret")).await).contains("401"));
    call(&hooks, &at("/hook"), Some("s&cret")).await.unwrap();
    assert_eq!(seen.last.lock().unwrap().0["authorization"], "Bearer t2");
    call(&hooks, &at("/hook"), Some("another")).await.unwrap();
    assert_eq!(seen.last.lock().unwrap().0["authorization"], "Bearer t3", "another secret");
}

#[tokio::test]
async fn private_key_jwt_names_the_token_endpoint_and_is_signed() {
    let (address, seen) = service().await;
    let hooks = HttpHooks::default();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let credential = HookCredential::Key(HookSecret::forgotten());
    let hook = hook(format!("http://{address}/hook"), oauth(address, "/token", credential));
    let private = key.to_private_jwk().unwrap();
    call(&hooks, &hook, Some(&private)).await.unwrap();
    let form: BTreeMap<String, String> =
        form_urlencoded::parse(seen.form.lock().unwrap().as_bytes()).into_owned().collect();
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert!(!form.contains_key("client_secret"));
    let assertion = &form["client_assertion"];
    let payload = assertion.split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&scopegate_jose::base64url::decode(payload).unwrap()).unwrap();
    assert_eq!(claims["aud"], format!("http://{address}/token"));
    assert_eq!((&claims["iss"], &claims["sub"]), (&claims["sub"], &"scopegate".into()));
    assert_eq!(
        (claims["iat"].as_u64(), claims["exp"].as_u64()),
        (Some(1_800_000_000), Some(1_800_000_060))
    );
    let verified = scopegate_jose::UnverifiedJws::parse(assertion).unwrap();
    assert!(verified.is_signed_by(&key.verifying_key().unwrap()));
}

#[tokio::test]
async fn a_token_endpoint_that_gives_no_token_is_told_apart() {
    let (address, seen) = service().await;
    let hooks = HttpHooks::default();
    for (path, problem) in [
        ("/token/error", "its token endpoint gave no token: the answer had the status 400"),
        ("/token/html", "its token endpoint gave no token: the answer is not readable"),
        ("/token/mac", "its token endpoint gave no token: the answer is not readable"),
        ("/redirect", "its token endpoint gave no token: the answer had the status 307"),
        ("/endless", "its token endpoint gave no token: the answer is longer than 256 KiB"),
    ] {
        let credential = HookCredential::Secret(HookSecret::forgotten());
        let hook = hook(format!("http://{address}/hook"), oauth(address, path, credential));
        assert_eq!(failure(call(&hooks, &hook, Some("secret")).await), problem, "{path}");
    }
    assert_eq!(seen.asked.load(Ordering::Relaxed), 0, "the hook was not called without a token");
}

#[tokio::test]
async fn a_service_whose_certificate_is_not_trusted_is_not_called() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Some(crate::listen::TlsFiles { certificate, key });
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(&ListenSettings { address, tls }).await.unwrap();
    let port = listener.address().port();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let site = Router::new().route(
        "/",
        post(move || async move {
            counted.fetch_add(1, Ordering::Relaxed);
            "{}"
        }),
    );
    tokio::spawn(listener.serve(site, std::future::pending()));
    let hook = hook(format!("https://localhost:{port}/"), None);
    let refused = failure(call(&HttpHooks::default(), &hook, None).await);
    assert!(refused.starts_with("no connection: "), "{refused}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
