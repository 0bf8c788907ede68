//! OpenID Connect Core 1.0, Discovery 1.0 and RP-Initiated Logout 1.0: the checks of the
//! conformance suite as HTTP tests.

mod claims;
mod cors;
mod dialects;
mod discovery;
pub(crate) mod flow;
mod id_tokens;
mod logout;
mod prompts;
mod requests;
mod userinfo;
pub(crate) mod world;
