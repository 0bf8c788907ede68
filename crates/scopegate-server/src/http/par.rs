//! The pushed authorization request endpoint (RFC 9126 §2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;

use super::app::App;
use super::client_request::ClientRequest;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The longest request of an unauthenticated client, in bytes: as long as one in a URL.
const MAX_UNPROVED: usize = 8 * 1024;

/// The pushed authorization request endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "par", || post(push))
}

/// Stores a request and answers with its reference.
async fn push(
    State(app): State<App>,
    ServerInPath(server): ServerInPath,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    request.refuse_unproved_beyond(MAX_UNPROVED)?;
    let kept = request.decided(|request| app.authority().push(request)).await?;
    Ok((StatusCode::CREATED, NEVER_STORED, Json(kept)).into_response())
}
