//! The revocation endpoint (RFC 7009 §2).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::asked::Asked;
use super::client_request::ClientRequest;
use super::failure::NEVER_STORED;
use super::{App, Failure, Routes, on_both};

/// Where tokens are given back.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "revoke", || post(revoke))
}

/// Answers a revocation request: with nothing, whatever the token was (RFC 7009 §2.2).
async fn revoke(
    State(app): State<App>,
    Asked(server): Asked,
    request: Request,
) -> Result<Response, Failure> {
    let request = ClientRequest::read(&app, &server, request).await?;
    request.decided(|request| app.authority().revoke(request)).await?;
    Ok(request.answered(NEVER_STORED.into_response()))
}
