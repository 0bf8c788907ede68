//! A service with hyper alone, behind the layer: no framework, no macros.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use scopegate::{Authenticated, BearerLayer, Guard, Refusal, Token, scopes};
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
    authenticated(request, ReadOrders)?;
    Ok(Response::new(Full::from("all orders")))
}

fn place(request: &Request<Incoming>) -> Result<Answer, Refusal> {
    let token = Token::<()>::of(authenticated(request, WriteOrders)?)?;
    let user = token.subject().unwrap_or_default();
    Ok(Response::new(Full::from(format!("placed by {user}"))))
}

/// What the layer stored on the request, if the request meets the guard.
fn authenticated(
    request: &Request<Incoming>,
    guard: impl Into<Guard>,
) -> Result<&Authenticated, Refusal> {
    let guard = guard.into();
    let authenticated = Authenticated::find(request.extensions(), "authenticated", guard)?;
    authenticated.allow(guard)?;
    Ok(authenticated)
}

fn empty(status: StatusCode) -> Answer {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
