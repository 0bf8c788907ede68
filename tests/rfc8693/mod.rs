//! RFC 8693, OAuth 2.0 Token Exchange.

mod any_chain;
mod delegation;
mod narrowing;
mod request;
mod subject_token;
mod trusted_servers;
mod world;
