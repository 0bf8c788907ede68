//! The extractors in a router, with tokens that passed the real verifier.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod claims;
mod issuer;
mod log;
mod refusals;
mod resource;
mod spellings;
mod step_up;
mod token;
