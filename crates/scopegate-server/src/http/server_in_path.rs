//! The authorization server that a path names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use scopegate_core::catalog::{AuthorizationServer, ServerId};
use scopegate_core::error::CallError;

use super::app::App;
use super::failure::Failure;

/// The active authorization server that the path names by its id. A path without an id names the
/// org server.
///
/// The answer does not tell an inactive server from one that does not exist. A server that is out
/// of service on this node is a storage error instead.
#[derive(Debug)]
pub(super) struct ServerInPath(pub(super) Arc<AuthorizationServer>);

impl FromRequestParts<App> for ServerInPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let unknown = || Failure::new(CallError::UnknownServer);
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| unknown())?;
        let catalog = app.authority().catalog();
        let server = match params.iter().find(|(name, _)| *name == "id") {
            Some((_, id)) => catalog.custom_server(id),
            None => catalog.server(&ServerId::org()),
        };
        let server = server.map_err(|error| Failure::new(CallError::from(error)))?;
        let server = server.filter(|server| server.spec.status.is_active());
        server.map(|server| Self(Arc::clone(server))).ok_or_else(unknown)
    }
}
