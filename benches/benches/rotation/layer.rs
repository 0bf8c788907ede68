//! Services with our layer, each with default settings for one authorization server.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::routing::get;
use scopegate::{BearerLayer, BearerService};
use tower_layer::Layer;
use tower_service::Service;

use crate::catalog::{SERVERS, audience, issuer};

pub(crate) struct LayerVerifier {
    services: HashMap<&'static str, BearerService<Router>>,
}

impl LayerVerifier {
    pub(crate) fn new(base: &str) -> Self {
        let services = SERVERS.iter().map(|&(id, _)| {
            let layer = BearerLayer::issuer(issuer(base, id)).audience(audience(id));
            let router = Router::new().route("/orders", get(async || "orders"));
            (id, layer.build().expect("the settings are right").layer(router))
        });
        Self { services: services.collect() }
    }

    /// Sends a request with this token. The error is the answer's status and challenge.
    pub(crate) async fn verify(&self, server: &str, token: &str) -> Result<(), String> {
        let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
        let mut service = self.services[server].clone();
        let answer = service.call(request.body(Body::empty()).unwrap()).await.expect("infallible");
        if answer.status() == StatusCode::OK {
            return Ok(());
        }
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|text| text.to_str().ok()).unwrap_or("no challenge");
        Err(format!("{}: {challenge}", answer.status().as_u16()))
    }
}
