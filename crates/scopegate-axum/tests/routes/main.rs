//! A router that knows what its handlers require.

#![cfg(feature = "routes")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[path = "../extractors/issuer.rs"]
#[expect(dead_code, reason = "the extractors' tests need more of it")]
mod issuer;
mod protected;
mod seen;
