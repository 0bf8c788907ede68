//! The rules of the standards: a folder per RFC, one for OpenID Connect, a test per rule.
//!
//! The tests talk HTTP to the server, and to the protected API over a socket. Each rule is tested
//! with an accepted and a refused request. A rule with many cases is tested once here; its cases
//! are in `adversarial` and in the unit tests.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod oidc_core;
mod protected_api;
mod refresh_families;
mod rfc6749;
mod rfc6750;
mod rfc7009;
mod rfc7523;
mod rfc7636;
mod rfc7662;
mod rfc8252;
mod rfc8265;
mod rfc8628;
mod rfc8693;
mod rfc8707;
mod rfc8725;
mod rfc9068;
mod rfc9126;
mod rfc9207;
mod rfc9470;
mod rfc9728;
