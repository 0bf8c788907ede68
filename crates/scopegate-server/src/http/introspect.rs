//! The introspection endpoint (RFC 7662 §2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::app::App;
use super::client_request::ClientRequest;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The introspection endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "introspect", || post(introspect))
}

/// Answers an introspection request.
async fn introspect(
    State(app): State<App>,
    ServerInPath(server): ServerInPath,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    let known = request.decided(|request| app.authority().introspect(request)).await?;
    Ok((NEVER_STORED, Json(known)).into_response())
}
