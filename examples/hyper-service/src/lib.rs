//! A service with hyper alone, behind the layer: no framework, no macros.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use scopegate::{Authenticated, BearerLayer, Guard, Refusal, Verified, scopes};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

type Answer = Response<Full<Bytes>>;

scopes! {
    /// List all orders.
    pub ReadOrders = "read:orders";
    /// Place and change orders.
    pub WriteOrders = "write:orders";
}

/// Serves until the listener fails.
pub async fn serve(listener: TcpListener, auth: BearerLayer) -> std::io::Result<()> {
    let service = auth.layer(service_fn(answer));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            // Errors of a connection concern only its client.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    let routed = match (request.method(), request.uri().path()) {
        (&Method::GET, "/orders") => list(&request),
        (&Method::POST, "/orders") => place(&request),
        _ => Ok(empty(StatusCode::NOT_FOUND)),
    };
    // Written like the layer's own refusals: status, challenge, problem document.
    Ok(routed.unwrap_or_else(Refusal::into_http))
}

fn list(request: &Request<Incoming>) -> Result<Answer, Refusal> {
    allow(request, ReadOrders)?;
    Ok(Response::new(Full::from("all orders")))
}

fn place(request: &Request<Incoming>) -> Result<Answer, Refusal> {
    let token = allow(request, WriteOrders)?;
    let user = token.claims().subject().unwrap_or_default();
    Ok(Response::new(Full::from(format!("placed by {user}"))))
}

/// The token that the layer stored on the request, if it meets the guard.
fn allow(request: &Request<Incoming>, guard: impl Into<Guard>) -> Result<&Verified, Refusal> {
    let guard = guard.into();
    let authenticated = Authenticated::find(request.extensions(), "allow", guard)?;
    Ok(authenticated.allow(guard)?)
}

fn empty(status: StatusCode) -> Answer {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
