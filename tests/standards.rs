//! What the standards ask, by their names: a folder per RFC, one for OpenID Connect, a test per rule.
//!
//! The server is asked over its HTTP, the protected API over a socket. Each rule shows the refusal as
//! well as the pass. Where a rule has many cases it is shown once here; the cases are in `adversarial`
//! and beside the code.

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
