//! What the standards ask of a protected API, in their order: a folder per RFC, a test per rule.
//!
//! Each test asks a service over a socket, and shows the refusal as well as the pass. Where a rule has
//! many cases this suite shows it once; the cases are in `adversarial` and beside the code.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod api;
mod rfc6750;
mod rfc8725;
mod rfc9068;
mod rfc9470;
mod rfc9728;
