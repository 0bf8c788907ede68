//! The token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::app::App;
use super::client_request::ClientRequest;
use super::cors;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The token endpoint.
pub(super) fn routes(app: &App, base: &str) -> Routes {
    let shared = || token.layer(from_fn_with_state(app.clone(), cors::share));
    on_both(base, "token", || cors::with_preflight(post(shared())))
}

/// Answers a token request.
async fn token(
    State(app): State<App>,
    ServerInPath(server): ServerInPath,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    let response = request.decided(|request| app.authority().token(request)).await?;
    Ok(request.answered((NEVER_STORED, Json(response)).into_response()))
}
