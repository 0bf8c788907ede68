//! What the layer counts, under stable names.

#![cfg(feature = "metrics")]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use scopegate_claims::{ManualClock, ScopeName, UnixTime};
use scopegate_jose::{Algorithm, JwkSet, SigningKey, TokenType};
use scopegate_tower::{BearerLayer, Fetch, FetchError};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

const NOW: u64 = 1_700_000_000;

/// The recorded values, by name and labels.
#[derive(Clone, Debug, Default)]
struct Recorded(Arc<Mutex<BTreeMap<String, f64>>>);

struct Entry {
    recorded: Recorded,
    name: String,
}

impl Recorded {
    fn entry(&self, key: &Key) -> Arc<Entry> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(Entry { recorded: self.clone(), name })
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

impl CounterFn for Entry {
    fn increment(&self, value: u64) {
        *self.recorded.0.lock().unwrap().entry(self.name.clone()).or_default() += value as f64;
    }

    fn absolute(&self, value: u64) {
        self.set(value as f64);
    }
}

impl GaugeFn for Entry {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        self.recorded.0.lock().unwrap().insert(self.name.clone(), value);
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.entry(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.entry(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

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

async fn send(layer: &BearerLayer, token: Option<&str>) -> u16 {
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let mut request = Request::get("/");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap().status().as_u16()
}

struct Admin;

impl ScopeName for Admin {
    const NAME: &'static str = "admin";
}

#[test]
fn requests_refreshes_and_ages_are_counted() {
    let recorded = Recorded::default();
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let published: JwkSet = [key.public_jwk()].into_iter().collect();
    let keys = Keys(Arc::new(Mutex::new(Some(serde_json::to_vec(&published).unwrap().into()))));
    let claims =
        json!({ "iss": "https://id.example.com", "aud": "api", "sub": "alice", "exp": NOW + 900 });
    let token = key.sign(TokenType::AccessToken, &claims).unwrap();
    let clock = ManualClock::at(UnixTime::from_seconds(NOW));
    let layer = BearerLayer::issuer("https://id.example.com")
        .audience("api")
        .jwks_url("https://id.example.com/keys")
        .fetch(keys.clone())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorded, || {
        runtime.block_on(async {
            for _ in 0..3 {
                assert_eq!(send(&layer, Some(&token)).await, 200);
            }
            assert_eq!(send(&layer.clone().optional(), None).await, 200);
            assert_eq!(send(&layer, None).await, 401);
            assert_eq!(send(&layer, Some("junk")).await, 401);
            let admin = layer.clone().require(Admin);
            let inner = service_fn(async |_: Request<()>| {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            });
            let request = Request::get("/").header("authorization", format!("Bearer {token}"));
            let answer = admin.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 403);
            *keys.0.lock().unwrap() = None;
            clock.advance(Duration::from_secs(700));
            assert_eq!(send(&layer, Some(&token)).await, 200);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(300));
            assert_eq!(send(&layer, Some(&token)).await, 401);
            assert!(layer.readiness().is_ready());
        });
    });

    for (name, value) in [
        ("scopegate_bearer_requests_total{outcome=admitted,reason=token}", 4.0),
        ("scopegate_bearer_requests_total{outcome=admitted,reason=anonymous}", 1.0),
        ("scopegate_bearer_requests_total{outcome=refused,reason=no_token}", 1.0),
        ("scopegate_bearer_requests_total{outcome=refused,reason=malformed}", 1.0),
        ("scopegate_bearer_requests_total{outcome=refused,reason=expired}", 1.0),
        ("scopegate_bearer_requests_total{outcome=refused,reason=insufficient_scope}", 1.0),
        ("scopegate_jwks_refreshes_total{issuer=https://id.example.com,outcome=renewed}", 1.0),
        ("scopegate_jwks_refreshes_total{issuer=https://id.example.com,outcome=failed}", 1.0),
        ("scopegate_jwks_age_seconds{issuer=https://id.example.com}", 1000.0),
        ("scopegate_bearer_cache_total{result=hit}", 3.0),
    ] {
        assert_eq!(recorded.value(name), Some(value), "{name}: {recorded:?}");
    }
    assert!(!format!("{recorded:?}").contains("alice"));
}
