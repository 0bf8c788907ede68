//! What can be wrong with the routes of a service.

use std::fmt;

use super::Operation;

/// Why a service with these routes should not start.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoutesError {
    /// Handlers ask for nothing, and nobody said that they are public.
    #[error(
        "nothing guards {}: add an extractor such as `RequireScope`, `.require(…)`, or `.public()`",
        List(.0)
    )]
    Unguarded(Vec<Operation>),
    /// Plain routers were added, whose routes cannot be seen.
    #[error("the routes of plain routers cannot be seen: {}", List(.0))]
    Unseen(Vec<String>),
    /// The document describes what is not routed.
    #[error("the OpenAPI document describes what is not routed: {}", List(.0))]
    NotRouted(Vec<String>),
    /// The document to begin with is not OpenAPI 3.1.
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
