//! The pushed authorization request endpoint (RFC 9126 §2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::StatusCode;

use super::asked::Asked;
use super::client_request::ClientRequest;
use super::failure::NEVER_STORED;
use super::{App, Failure, Routes, on_both};

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
    let kept = request.decided(|request| app.authority().push(request)).await?;
    Ok((StatusCode::CREATED, NEVER_STORED, Json(kept)).into_response())
}
