//! Who calls the management API.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use scopegate_core::audit::Actor;

use super::ApiError;
use crate::http::app::App;

/// The admin client that calls, for the audit log. The layer has verified it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The client, as the audit log names it.
    pub(super) actor: Actor,
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        // The layer has put it there. Without it nobody may change anything.
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| ApiError::NotAllowed("the request has no caller".into()))
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
