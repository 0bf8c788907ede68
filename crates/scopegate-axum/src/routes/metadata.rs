//! Lets the authentication layer serve the API's metadata document where a public handler would
//! answer.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{Method, StatusCode, Uri};
use scopegate_bearer::Refusal;
use tower_layer::Layer;
use tower_service::Service;

use super::Endpoint;

/// Where the metadata documents of an origin are (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Asks `auth` for the metadata document first in public endpoints that also answer for its path,
/// such as a fallback or `/{*file}`.
///
/// The challenges of `auth` point to the document, so without this they would point to something
/// else.
pub(super) fn serve_before<L>(auth: L, endpoints: &mut Vec<Endpoint<()>>)
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    let document = Router::new().fallback(async || StatusCode::NOT_FOUND).layer(auth);
    let layer = from_fn_with_state(document, ask);
    let layered = std::mem::take(endpoints).into_iter().map(|endpoint| {
        match endpoint.is_public() && endpoint.covers(WELL_KNOWN) {
            true => endpoint.layer(&layer),
            false => endpoint,
        }
    });
    *endpoints = layered.collect();
}

async fn ask(State(mut document): State<Router>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let below = path.strip_prefix(WELL_KNOWN);
    let is_read = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !is_read || !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return next.run(request).await;
    }
    let Ok(answer) = document.call(document_request(&request)).await;
    // A refusal of gRPC has the status 200, too.
    let is_document =
        answer.status().is_success() && answer.extensions().get::<Refusal>().is_none();
    match is_document {
        true => answer,
        false => next.run(request).await,
    }
}

/// The parts of a request that a document and its preflight depend on. Without credentials, so that
/// the layer verifies nothing.
fn document_request(request: &Request) -> Request {
    let mut copy = Request::default();
    copy.method_mut().clone_from(request.method());
    *copy.uri_mut() = request.uri().path().parse::<Uri>().unwrap_or_default();
    for name in [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS] {
        if let Some(value) = request.headers().get(&name) {
            copy.headers_mut().insert(name, value.clone());
        }
    }
    copy
}
