//! A web site that publishes keys, on a real socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use scopegate_jose::SigningKey;
use scopegate_server::{ListenSettings, Listener};
use serde_json::json;

/// The contents of the site.
#[derive(Clone, Default)]
pub(crate) struct Site {
    /// The body of `/keys`. `None` means that the request fails.
    keys: Arc<Mutex<Option<String>>>,
    /// The number of requests for `/keys`.
    requests: Arc<AtomicU32>,
}

impl Site {
    pub(crate) async fn listen(&self) -> SocketAddr {
        let moved = || async { (StatusCode::FOUND, [("location", "/keys")]) };
        let routes = Router::new()
            .route("/keys", get(published))
            .route("/moved", get(moved))
            .with_state(self.clone());
        let settings = ListenSettings { address: ([127, 0, 0, 1], 0).into(), tls: None };
        let listener = Listener::bind(&settings).await.expect("a port is free");
        let address = listener.address();
        tokio::spawn(listener.serve(routes, std::future::pending()));
        address
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        self.say(Some(json!({ "keys": keys }).to_string()));
    }

    pub(crate) fn say(&self, body: Option<String>) {
        *self.keys.lock().expect("no thread panicked while holding the lock") = body;
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn published(State(site): State<Site>) -> Response {
    site.requests.fetch_add(1, Ordering::Relaxed);
    let body = site.keys.lock().expect("no thread panicked while holding the lock").clone();
    body.map_or(StatusCode::BAD_GATEWAY.into_response(), IntoResponse::into_response)
}
