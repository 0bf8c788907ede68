//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens: each step of §4.

mod s4_validation;
