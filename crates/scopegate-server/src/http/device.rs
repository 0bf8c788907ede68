//! The device authorization endpoint (RFC 8628 §3.1).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::app::App;
use super::client_request::ClientRequest;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The device authorization endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "device/authorize", || post(authorize))
}

/// Answers a device with its two codes.
async fn authorize(
    State(app): State<App>,
    ServerInPath(server): ServerInPath,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    let codes = request.decided(|request| app.authority().authorize_device(request)).await?;
    Ok((NEVER_STORED, Json(codes)).into_response())
}
