//! The token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};

use super::app::App;
use super::client_request::ClientRequest;
use super::cors;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The token endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "token", || cors::with_preflight(post(token)))
}

/// The token endpoint of the org server alone.
pub(super) fn of_org() -> MethodRouter<App> {
    cors::with_preflight(post(token))
}

/// Answers a token request. Scripts of the client's origins may read the answer.
async fn token(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let origin = cors::origin(&request);
    cors::share(&app, origin, answer(&app, server, request).await)
}

async fn answer(
    app: &App,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Result<Response, Failure> {
    let ServerInPath(server) = server?;
    let request = ClientRequest::read(app, &server, request).await?;
    let response = request.decided(|request| app.authority().token(request)).await?;
    Ok(request.answered((NEVER_STORED, Json(response)).into_response()))
}
