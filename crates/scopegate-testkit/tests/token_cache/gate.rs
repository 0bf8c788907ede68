//! A service behind a layer that answers with what the layer found out.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use axum::{Extension, Router};
use scopegate_jose::{Authenticated, Refusal, Verified};
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

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Why it was refused.
    pub(crate) reason: Option<&'static str>,
    /// What the service was told.
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

    /// Asks with a token that must pass.
    pub(crate) async fn admits(&self, token: &str) -> Arc<Verified> {
        let answer = self.ask(token).await;
        assert_eq!((answer.status, answer.reason), (200, None));
        Arc::clone(answer.authenticated.unwrap().token().unwrap())
    }

    /// Asks with a token that must be refused with 401, and says why it was.
    pub(crate) async fn refuses(&self, token: &str) -> &'static str {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, 401);
        assert!(answer.authenticated.is_none(), "the service was not asked");
        answer.reason.unwrap()
    }

    /// Makes the layer read the keys, by a token of a new one.
    pub(crate) async fn renew_keys(&self) {
        self.issuer.rotate();
        self.issuer.clock().advance(COOL_DOWN);
        self.admits(&self.issuer.token().sign()).await;
    }
}

/// Whether two requests were told the same, which is so if the second was remembered.
pub(crate) fn same(one: &Arc<Verified>, other: &Arc<Verified>) -> bool {
    Arc::ptr_eq(one, other)
}
