//! RFC 7662, OAuth 2.0 Token Introspection, and what tokens are given back and clients proved with.

mod place;
mod rfc7009;
mod rfc7523_keys;
mod s2_1_request;
mod s2_2_response;
mod secrets;
