//! The revocation endpoint (RFC 7009 §2).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use scopegate_core::error::CallError;
use scopegate_core::store::StoreError;

use super::app::App;
use super::client_request::ClientRequest;
use super::cors;
use super::failure::{Failure, NEVER_STORED};
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;

/// The revocation endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "revoke", || cors::with_preflight(post(revoke)))
}

/// Revokes a token. Scripts of the client's origins may read the answer.
async fn revoke(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let origin = cors::origin(&request);
    cors::share(&app, origin, answer(&app, server, request).await)
}

/// The answer is empty, whatever the token was (RFC 7009 §2.2).
async fn answer(
    app: &App,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Result<Response, Failure> {
    let ServerInPath(server) = server?;
    let request = ClientRequest::read(app, &server, request).await?;
    let authority = Arc::clone(app.authority());
    // The token is revoked even if the client has disconnected meanwhile.
    let revoked = async move {
        request.decided(|request| authority.revoke(request)).await?;
        Ok(request.answered(NEVER_STORED.into_response()))
    };
    let revoked = app.authority().unattended().run(revoked).await;
    revoked.map_err(|not_done| Failure::new(CallError::Storage(StoreError::from(not_done))))?
}
