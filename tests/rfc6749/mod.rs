//! RFC 6749, The OAuth 2.0 Authorization Framework.

mod authorize;
mod bad_requests;
mod client_credentials;
mod client_secrets;
mod client_urls;
mod code;
mod consent;
mod form_post;
mod harmless;
mod methods;
mod refresh;
mod storage;
pub(crate) mod world;
