//! The guard that is declared at a route.

use axum::middleware::{FromExtractorLayer, from_extractor_with_state};
use axum_core::extract::FromRequestParts;
use http::request::Parts;
use scopegate_bearer::{Authenticated, Guard};

use crate::AuthRejection;

/// A layer that admits only requests which meet a guard, with the answers of the extractors.
pub(super) fn layer(guard: Guard) -> FromExtractorLayer<Required, Guard> {
    from_extractor_with_state(guard)
}

/// An extractor whose state is the guard.
pub(super) struct Required;

impl FromRequestParts<Guard> for Required {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, guard: &Guard) -> Result<Self, AuthRejection> {
        // Public routes are outside of the layer.
        if *guard != Guard::Public {
            Authenticated::find_in(parts, "require", *guard)?.admits(*guard)?;
        }
        Ok(Self)
    }
}
