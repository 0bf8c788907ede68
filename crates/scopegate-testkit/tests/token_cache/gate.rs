//! A service behind a layer, which answers with what the layer stored.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use axum::{Extension, Router};
use scopegate_bearer::{Authenticated, Refusal};
use scopegate_jose::Verified;
use scopegate_testkit::TestIssuer;
use scopegate_tower::{BearerBuilder, BearerLayer};
use tower::ServiceExt;

pub(crate) const AUDIENCE: &str = "api://orders";
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(15);

/// An issuer, and a service that trusts it.
pub(crate) struct Gate {
    pub(crate) issuer: TestIssuer,
    app: Router,
}

/// The outcome of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Why the request was refused.
    pub(crate) reason: Option<&'static str>,
    /// What the layer stored on the request.
    pub(crate) authenticated: Option<Authenticated>,
}

impl Gate {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(set: impl FnOnce(BearerBuilder) -> BearerBuilder) -> Self {
        let issuer = TestIssuer::start(AUDIENCE).await;
        let layer = set(issuer.layer_builder()).build().unwrap();
        Self::of(issuer, layer)
    }

    pub(crate) fn of(issuer: TestIssuer, layer: BearerLayer) -> Self {
        let who = async |Extension(found): Extension<Authenticated>| Extension(found);
        Self { issuer, app: Router::new().route("/", get(who)).layer(layer) }
    }

    pub(crate) async fn ask(&self, token: &str) -> Answer {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        Answer {
            status: response.status().as_u16(),
            reason: response.extensions().get::<Refusal>().map(Refusal::reason),
            authenticated: response.extensions().get().cloned(),
        }
    }

    /// Sends a token that must be admitted.
    pub(crate) async fn admits(&self, token: &str) -> Arc<Verified> {
        let answer = self.ask(token).await;
        assert_eq!((answer.status, answer.reason), (200, None));
        Arc::clone(answer.authenticated.unwrap().token().unwrap())
    }

    /// Sends a valid token until it is cached, and returns the cached one.
    pub(crate) async fn caches(&self, token: &str) -> Arc<Verified> {
        self.admits(token).await;
        let cached = self.admits(token).await;
        assert!(same(&cached, &self.admits(token).await), "the third request is the first hit");
        cached
    }

    /// Sends a token that must be refused with 401, and returns the reason.
    pub(crate) async fn refuses(&self, token: &str) -> &'static str {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, 401);
        assert!(answer.authenticated.is_none(), "the service was not called");
        answer.reason.unwrap()
    }

    /// Makes the layer read the keys, by sending a token with a new key.
    pub(crate) async fn renew_keys(&self) {
        self.issuer.rotate();
        self.issuer.clock().advance(COOL_DOWN);
        self.admits(&self.issuer.token().sign()).await;
    }
}

/// Whether both requests got the same `Verified`; then the second one was served from the cache.
pub(crate) fn same(one: &Arc<Verified>, other: &Arc<Verified>) -> bool {
    Arc::ptr_eq(one, other)
}
