//! The checks of an authorization request, by topic.

pub(super) mod claims;
pub(super) mod hint;
pub(super) mod pkce;
pub(super) mod prompt;
pub(super) mod response;
pub(super) mod scope;
pub(super) mod unsupported;
