//! Who may call the management API: admin clients, with an access token of the org server.
//!
//! Our own layer verifies the token. Then the client and the token are looked up, because the client may have
//! been disabled and the token revoked since it was issued. The guards of the handlers compare the scopes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use scopegate_bearer::{Authenticated, Refusal, RefusalBody};
use scopegate_core::audit::Actor;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::ServerId;
use scopegate_core::limits::{Bound, Counters};
use scopegate_tower::{BearerLayer, Fetch, FetchError};
use serde_json::Value;

use super::ApiError;
use super::caller::Caller;
use super::error::ErrorBody;
use crate::http::app::App;

/// Requests of one client in a minute.
const RATE: Bound = Bound { most: 6_000, window: Duration::from_secs(60) };

/// Clients that are counted at the same time.
const COUNTED: usize = 1024;

/// The URL by which the layer asks for the keys. They are read from memory, and never over a network.
const KEYS_URL: &str = "https://keys.invalid/org";

/// How long the layer uses the keys before it reads them again, in seconds.
const KEYS_FRESH: &str = "max-age=10";

/// What decides who may call.
pub(super) struct Access {
    app: App,
    layer: BearerLayer,
}

impl Access {
    pub(super) fn of(app: &App) -> Self {
        let authority = app.authority();
        let base = authority.catalog().org().issuer.as_str().to_owned();
        let layer = BearerLayer::issuer(base.clone())
            .audience(base)
            .require_client()
            .jwks_url(KEYS_URL)
            .fetch(OwnKeys(Arc::clone(authority)))
            .clock(Arc::clone(authority.clock()))
            .refusal_body(OktaForm)
            .build()
            .expect("the settings are fixed, and the base URL is an issuer");
        Self { app: app.clone(), layer }
    }

    /// Puts everything that a request must pass in front of the handlers.
    pub(super) fn protect(self, handlers: Router) -> Router {
        let state = Known { app: self.app, rate: Arc::new(Counters::with_room_for(COUNTED)) };
        handlers.layer(middleware::from_fn_with_state(state, only_admins)).layer(self.layer)
    }
}

#[derive(Clone, Debug)]
struct Known {
    app: App,
    rate: Arc<Counters>,
}

/// Admits active admin clients, a limited number of requests of each.
async fn only_admins(
    State(Known { app, rate }): State<Known>,
    mut request: Request,
    next: Next,
) -> Response {
    let token = request.extensions().get::<Authenticated>().and_then(|known| known.token());
    let Some(token) = token.cloned() else {
        return ApiError::NotAllowed("the request has no token".into()).into_response();
    };
    let client = match app.authority().admin_client(token.claims()).await {
        Ok(client) => client,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let now = app.authority().clock().now();
    if let Err(wait) = rate.admit(&client, RATE, now) {
        return ApiError::TooMany(wait).into_response();
    }
    request.extensions_mut().insert(Caller { actor: Actor::api(client.as_str()) });
    next.run(request).await
}

/// The keys of the org server, from memory.
#[derive(Debug)]
struct OwnKeys(Arc<Authority>);

impl Fetch for OwnKeys {
    fn fetch(
        &self,
        _: http::Request<()>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, FetchError>> + Send + '_>> {
        Box::pin(async {
            let keys = self.0.public_keys(&ServerId::org());
            let answer = http::Response::builder();
            let answer = match keys {
                Some(keys) => answer
                    .header("content-type", "application/json")
                    .header("cache-control", KEYS_FRESH)
                    .body(Bytes::copy_from_slice(keys.as_bytes())),
                None => answer.status(503).body(Bytes::new()),
            };
            answer.map_err(|error| FetchError::Transport(error.into()))
        })
    }
}

/// Refusals of the layer and of the guards, in Okta's form.
#[derive(Debug)]
struct OktaForm;

impl RefusalBody for OktaForm {
    fn content_type(&self) -> &str {
        "application/json"
    }

    fn body(&self, refusal: &Refusal) -> Vec<u8> {
        let (code, summary) = match refusal.status().as_u16() {
            400 => ("E0000003", "The request was not well-formed."),
            401 => ("E0000011", "Invalid token provided"),
            403 => ("E0000006", "You do not have permission to perform the requested action"),
            503 => ("E0000010", "The keys are not available."),
            _ => ("E0000009", "Internal Server Error"),
        };
        let mut causes = vec![refusal.description().to_owned()];
        causes.extend(refusal.needed().map(|scopes| format!("the request needs: {scopes}")));
        serde_json::to_vec(&ErrorBody::new(code, summary, causes)).unwrap_or_default()
    }

    fn schema(&self) -> Option<Value> {
        serde_json::to_value(schemars::schema_for!(ErrorBody)).ok()
    }
}
