//! What can be wrong with the routes of a service.

use std::fmt;

use super::Operation;

/// Why a service with these routes should not start.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoutesError {
    /// Handlers require nothing and were not declared public.
    #[error(
        "nothing guards {}: add an extractor such as `RequireScope`, `.require(…)`, or `.public()`",
        List(.0)
    )]
    Unguarded(Vec<Operation>),
    /// Plain routers were added, whose routes are not visible.
    #[error("the routes of plain routers cannot be seen: {}", List(.0))]
    Unseen(Vec<String>),
    /// Operations that accept requests without a token are behind a layer that refuses them.
    #[error(
        "{} would accept requests without a token, but the layer refuses them: call `.optional()` on \
         the layer, or take `Token` instead of `Option<Token>`",
        List(.0)
    )]
    OptionalBehindRequired(Vec<Operation>),
    /// CORS layers are inside of the authentication layer, which refuses preflights.
    #[error(
        "{} is inside of the authentication layer, which refuses preflights: add it to the router \
         that `protect` returns, and let it expose `WWW-Authenticate`",
        List(.0)
    )]
    CorsInside(Vec<&'static str>),
    /// The document describes operations that have no route.
    #[error("the OpenAPI document describes operations without a route: {}", List(.0))]
    NotRouted(Vec<String>),
    /// The given document is not OpenAPI 3.1.
    #[error("the document is not an OpenAPI 3.1 object with `info`: {0}")]
    NotOpenApi(&'static str),
}

struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{one}")?;
        }
        Ok(())
    }
}
