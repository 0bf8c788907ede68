//! An authentication layer, as other crates see it.

use std::sync::Arc;

use crate::ChallengeSettings;

/// A layer that authenticates requests, as audits and documents see it.
///
/// Implemented for `BearerLayer`. A layer of your own that stores
/// [`Authenticated`](crate::Authenticated) can implement it too.
pub trait AuthenticationLayer {
    /// Whether the layer admits requests without a token.
    fn is_optional(&self) -> bool;

    /// The settings for refusals: realm, metadata URL and body.
    fn settings(&self) -> &Arc<ChallengeSettings>;
}
