//! The token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::asked::Asked;
use super::client_request::ClientRequest;
use super::failure::NEVER_STORED;
use super::{App, Failure, Routes, on_both};

/// Where token requests go.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "token", || post(token))
}

/// Answers a token request.
async fn token(
    State(app): State<App>,
    Asked(server): Asked,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    let response = request.decided(|request| app.authority().token(request)).await?;
    Ok(request.answered((NEVER_STORED, Json(response)).into_response()))
}
