//! Whether the process lives, and whether it can serve.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use scopegate_core::catalog::{Affected, Snapshot};
use serde::Serialize;

use super::app::App;

/// Maximum servers and rows that are named.
const MAX_NAMED: usize = 20;

#[derive(Default, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_service: Option<OutOfService>,
}

/// What this node does not serve because it does not understand some rows. Other nodes may serve
/// it.
#[derive(Serialize)]
struct OutOfService {
    /// The ids of the first servers. They are not secret, since they are in URLs.
    servers: Vec<String>,
    /// How many clients. Their ids are not published.
    clients: usize,
    /// The first rows that are not understood. Only the administrator gets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<String>>,
}

/// Who gets the answer.
#[derive(Clone, Copy)]
enum Audience {
    Administrator,
    Public,
}

pub(super) async fn livez() -> Response {
    health(StatusCode::OK, Health { status: "alive", ..Health::default() })
}

pub(super) async fn readyz(State(app): State<App>) -> Response {
    ready(&app, Audience::Public).await
}

/// Like `readyz`, with the rows that are not understood.
pub(super) async fn readyz_for_administrators(State(app): State<App>) -> Response {
    ready(&app, Audience::Administrator).await
}

/// A node on which something is out of service is still ready.
async fn ready(app: &App, audience: Audience) -> Response {
    let out_of_service = OutOfService::of(&app.authority().catalog(), audience);
    match impediment(app).await {
        None => health(StatusCode::OK, Health { status: "ready", reason: None, out_of_service }),
        reason => {
            let health_now = Health { status: "unavailable", reason, out_of_service };
            health(StatusCode::SERVICE_UNAVAILABLE, health_now)
        }
    }
}

/// What keeps the process from serving, if anything does.
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

impl OutOfService {
    fn of(catalog: &Snapshot, audience: Audience) -> Option<Self> {
        let (mut servers, mut clients, mut named) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for row in catalog.unreadable_rows() {
            match row.affected() {
                Affected::Client(id) => drop(clients.insert(id)),
                Affected::Server(id) => drop(servers.insert(id)),
                Affected::Nothing | Affected::User(_) => {}
            }
            if named.len() < MAX_NAMED {
                named.push(row.to_string());
            }
        }
        let rows = match audience {
            Audience::Administrator => Some(named),
            Audience::Public if servers.is_empty() && clients.is_empty() => return None,
            Audience::Public => None,
        };
        if rows.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let servers = servers.into_iter().take(MAX_NAMED).map(str::to_owned).collect();
        Some(Self { servers, clients: clients.len(), rows })
    }
}

fn health(code: StatusCode, health: Health) -> Response {
    (code, [(CACHE_CONTROL, "no-store")], Json(health)).into_response()
}
