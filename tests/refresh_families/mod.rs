//! Refresh tokens: rotation, and the detection of stolen tokens (RFC 6749 §6, RFC 9700 §4.14,
//! OpenID Connect Core §12).

mod any_sequence;
mod flow;
mod hanging_up;
mod in_memory;
mod leeway;
mod lifetimes;
mod openid;
pub(crate) mod place;
mod reuse;
mod stale_catalog;
mod storage;
pub(crate) mod world;
