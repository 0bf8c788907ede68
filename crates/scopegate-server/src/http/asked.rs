//! Which authorization server a path names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use scopegate_core::catalog::{AuthorizationServer, ServerId};
use scopegate_core::error::TokenError;

use super::app::App;
use super::failure::Failure;

/// The active authorization server that the path names: by its id, or the org server by none.
///
/// Whether a server is inactive or not there at all is not to be seen from outside. One that is out of
/// service on this node is there.
#[derive(Debug)]
pub(super) struct Asked(pub(super) Arc<AuthorizationServer>);

impl FromRequestParts<App> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let unknown = || Failure::new(TokenError::UnknownServer);
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| unknown())?;
        let catalog = app.authority().catalog();
        let server = match params.iter().find(|(name, _)| *name == "id") {
            Some((_, id)) => catalog.custom_server(id),
            None => catalog.server(&ServerId::org()),
        };
        let server = server.map_err(|error| Failure::new(TokenError::Storage(error)))?;
        let server = server.filter(|server| server.spec.status.is_active());
        server.map(|server| Self(Arc::clone(server))).ok_or_else(unknown)
    }
}
