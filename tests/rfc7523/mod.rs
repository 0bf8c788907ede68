//! RFC 7523, JWT Profile for OAuth 2.0 Client Authentication and Authorization Grants.

mod client_keys;
mod grant;
mod grant_policy;
mod site;
pub(crate) mod users;
mod world;
