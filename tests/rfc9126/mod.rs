//! RFC 9126, OAuth 2.0 Pushed Authorization Requests.

mod bad_requests;
mod reference;
mod s2_request;
mod storage;
mod world;
