//! RFC 9068, JWT Profile for OAuth 2.0 Access Tokens: the claims that the server writes (§2.2), and
//! each validation step of §4.

mod s2_2_data;
mod s4_validation;
