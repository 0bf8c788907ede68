//! RFC 7662, OAuth 2.0 Token Introspection.

pub(crate) mod place;
mod s2_1_request;
mod s2_2_response;
