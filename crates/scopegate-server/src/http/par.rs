//! The pushed authorization request endpoint (RFC 9126 §2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;

use super::app::App;
use super::asked::Asked;
use super::client_request::ClientRequest;
use super::failure::Failure;
use super::failure::NEVER_STORED;
use super::routes::{Routes, on_both};

/// The longest request of whoever proves nothing, in bytes: as long as one in a URL.
const MAX_UNPROVED: usize = 8 * 1024;

/// Where clients push what they will ask.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "par", || post(push))
}

/// Keeps a request, and answers with the reference to it.
async fn push(
    State(app): State<App>,
    Asked(server): Asked,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    request.refuse_unproved_beyond(MAX_UNPROVED)?;
    let kept = request.decided(|request| app.authority().push(request)).await?;
    Ok((StatusCode::CREATED, NEVER_STORED, Json(kept)).into_response())
}
