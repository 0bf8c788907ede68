//! What the layer logs. In a process of its own, because `tracing` caches interest for all threads.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use scopegate_claims::{ManualClock, UnixTime};
use scopegate_jose::{Algorithm, JwkSet, SigningKey, TokenType};
use scopegate_testkit::LogBuffer;
use scopegate_tower::{BearerLayer, Fetch, FetchError};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

const NOW: u64 = 1_700_000_000;

/// Serves these keys until they are removed.
#[derive(Clone, Debug)]
struct Keys(Arc<Mutex<Option<Bytes>>>);

impl Fetch for Keys {
    fn fetch(
        &self,
        _: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        let keys = self.0.lock().unwrap().clone();
        let answer = keys.map(Response::new).ok_or(FetchError::Transport("refused".into()));
        Box::pin(std::future::ready(answer))
    }
}

async fn status(layer: &BearerLayer, token: &str) -> u16 {
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap().status().as_u16()
}

#[test]
fn refusals_and_refreshes_are_logged_without_tokens() {
    let log = LogBuffer::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let published: JwkSet = [key.public_jwk()].into_iter().collect();
    let keys = Keys(Arc::new(Mutex::new(Some(serde_json::to_vec(&published).unwrap().into()))));
    let claims = json!({
        "iss": "https://id.example.com",
        "aud": "api://orders",
        "sub": "alice@example.com",
        "exp": NOW + 60,
    });
    let token = key.sign(TokenType::AccessToken, &claims).unwrap();
    let unknown = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let unknown = unknown.sign(TokenType::AccessToken, &claims).unwrap();
    let clock = ManualClock::at(UnixTime::from_seconds(NOW));
    let layer = BearerLayer::issuer("https://id.example.com")
        .audience("api://orders")
        .jwks_url("https://id.example.com/keys")
        .fetch(keys.clone())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(status(&layer, &token).await, 200);
        *keys.0.lock().unwrap() = None;
        clock.advance(Duration::from_secs(15));
        assert_eq!(status(&layer, &unknown).await, 503);
        clock.advance(Duration::from_secs(600));
        assert_eq!(status(&layer, &token).await, 401);
    });

    let lines = |level: &str, text: &str| log.count(&[level, text]);
    let log = log.text();
    assert_eq!(lines("INFO", "the issuer's new keys are in use"), 1, "{log}");
    assert!(lines("WARN", "https://id.example.com/keys cannot be read") >= 1, "{log}");
    assert_eq!(lines("DEBUG", "refused a request"), 2, "{log}");
    assert_eq!(lines("DEBUG", "reason=\"expired\" status=401"), 1, "{log}");
    assert_eq!(lines("DEBUG", "reason=\"keys_unavailable\" status=503"), 1, "{log}");
    for part in token.split('.').chain(unknown.split('.')).chain(["alice"]) {
        assert!(!log.contains(part), "{log}");
    }
}
