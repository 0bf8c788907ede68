//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::Serialize;

use super::App;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(super) async fn livez() -> Response {
    health(StatusCode::OK, "alive", None)
}

pub(super) async fn readyz(State(app): State<App>) -> Response {
    match impediment(&app).await {
        None => health(StatusCode::OK, "ready", None),
        Some(reason) => health(StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some(reason)),
    }
}

/// What keeps the process from serving.
async fn impediment(app: &App) -> Option<&'static str> {
    let store = app.authority().store();
    let ping = || {
        let store = Arc::clone(store);
        async move { store.ping().await }
    };
    if let Some(impediment) = app.readiness().impediment(ping).await {
        return Some(impediment);
    }
    (!app.has_first_keys()).then_some("There are no signing keys yet.")
}

fn health(code: StatusCode, status: &'static str, reason: Option<&'static str>) -> Response {
    (code, [(CACHE_CONTROL, "no-store")], Json(Health { status, reason })).into_response()
}
