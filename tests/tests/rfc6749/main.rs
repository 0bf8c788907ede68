//! RFC 6749, The OAuth 2.0 Authorization Framework, section by section, and the RFCs that narrow its
//! code flow: 7636 (proof keys), 8252 (native apps), 8707 (resources), 9207 (the issuer in answers).

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod authorize;
mod bad_requests;
mod client_credentials;
mod code;
mod consent;
mod form_post;
mod freshness;
mod rfc7636;
mod rfc8252;
mod rfc8707;
mod rfc9207;
mod storage;
mod world;
