//! The revocation endpoint (RFC 7009 §2).

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::asked::Asked;
use super::client_request::ClientRequest;
use super::failure::NEVER_STORED;
use super::{App, Failure, Routes, cors, on_both};

/// Where tokens are given back.
pub(super) fn routes(app: &App, base: &str) -> Routes {
    let shared = || revoke.layer(cors::Sharing(app.clone()));
    on_both(base, "revoke", || cors::with_preflight(post(shared())))
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
