//! RFC 6749, The OAuth 2.0 Authorization Framework, section by section.

mod client_credentials;
