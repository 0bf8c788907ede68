//! RFC 8628, OAuth 2.0 Device Authorization Grant.

mod bad_requests;
mod s3_1_request;
mod s3_3_user;
mod s3_4_token;
mod s5_security;
mod storage;
mod world;
