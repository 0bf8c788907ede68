//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens: what the server writes (§2.2), each step of §4.

mod s2_2_data;
mod s4_validation;
