//! What the layer logs about keys. In a process of its own, because `tracing` caches interest for
//! all threads.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use scopegate_claims::{ManualClock, UnixTime};
use scopegate_jose::{Algorithm, SigningKey};
use scopegate_testkit::LogBuffer;
use scopegate_tower::{BearerLayer, Fetch, FetchError, MAX_DOCUMENT_LEN};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

const NOW: u64 = 1_700_000_000;

/// Serves this document.
#[derive(Clone, Debug, Default)]
struct Served(Arc<Mutex<Bytes>>);

impl Served {
    fn set(&self, document: impl Into<Bytes>) {
        *self.0.lock().unwrap() = document.into();
    }
}

impl Fetch for Served {
    fn fetch(
        &self,
        _: Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + '_>> {
        let answer = Response::new(self.0.lock().unwrap().clone());
        Box::pin(std::future::ready(Ok(answer)))
    }
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn good_key(kid: &str) -> Value {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid(kid).unwrap();
    serde_json::to_value(key.public_jwk()).unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn each_unusable_key_and_each_bound_is_a_warning_once() {
    let log = LogBuffer::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let count = |text: &str| log.count(&["WARN", text]);

    let served = Served::default();
    let clock = ManualClock::at(UnixTime::from_seconds(NOW));
    let symmetric = json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "shared-secret" });
    let unnamed = json!({ "kty": "OKP", "crv": "Ed448", "x": "AA" });
    served.set(set(&[good_key("k1"), symmetric.clone(), unnamed.clone()]));
    let layer = BearerLayer::issuer("https://id.example.com")
        .audience("api://orders")
        .jwks_url("http://keycloak:8080/keys")
        .allow_http_host("keycloak")
        .fetch(served.clone())
        .clock(Arc::new(clock.clone()))
        .start()
        .await
        .unwrap();
    assert_eq!(count("plain http is allowed to these hosts"), 1);
    assert_eq!(count("keycloak"), 1);
    let refresh = async || {
        clock.advance(Duration::from_secs(3600));
        let inner = service_fn(async |_: Request<()>| {
            Ok::<_, std::convert::Infallible>(Response::new(
                http_body_util::Full::<Bytes>::default(),
            ))
        });
        let request = Request::get("/").body(()).unwrap();
        layer.layer(inner).oneshot(request).await.unwrap();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    };

    assert_eq!(count("a key of the issuer is not used"), 2);
    assert_eq!(count("kid=\"shared-secret\" index=1"), 1);
    assert_eq!(count("the key is symmetric"), 1);
    // The set changes, the unusable keys do not.
    served.set(set(&[good_key("k2"), symmetric.clone(), unnamed.clone()]));
    refresh().await;
    assert_eq!(layer.readiness().issuers()[0].keys(), 1);
    assert_eq!(count("a key of the issuer is not used"), 2);
    // Another problem with the same key is a new reason.
    let unsupported = json!({ "kty": "AKP", "kid": "shared-secret" });
    served.set(set(&[good_key("k2"), unsupported, unnamed]));
    refresh().await;
    assert_eq!(count("a key of the issuer is not used"), 3);

    let long = "k".repeat(100_000);
    served.set(set(&[good_key("k2"), json!({ "kty": "oct", "kid": long })]));
    refresh().await;
    assert_eq!(count(&"k".repeat(64)), 1);
    assert_eq!(count(&"k".repeat(65)), 0, "a long name is cut");

    let many: Vec<_> = (0..514).map(|number| good_key(&number.to_string())).collect();
    served.set(set(&many[..512]));
    refresh().await;
    assert_eq!(layer.readiness().issuers()[0].keys(), 512);
    assert_eq!(count("more than 512 keys"), 0);
    for _ in 0..2 {
        served.set(set(&many));
        refresh().await;
        served.set(set(&many[1..]));
        refresh().await;
    }
    assert_eq!(layer.readiness().issuers()[0].keys(), 512);
    assert_eq!(count("more than 512 keys"), 1);

    served.set(vec![b' '; MAX_DOCUMENT_LEN + 1]);
    refresh().await;
    assert_eq!(count("http://keycloak:8080/keys is larger than 1 MiB"), 1);
    let readiness = layer.readiness().issuers()[0].clone();
    assert_eq!(
        readiness.last_error(),
        Some("the key set http://keycloak:8080/keys is larger than 1 MiB")
    );
}
