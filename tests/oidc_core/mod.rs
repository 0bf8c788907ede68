//! OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0: what the modules of the conformance
//! suite ask of a server, by plain HTTP.

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
