//! Requests of an attacker, sent as raw bytes over a socket, so that no client library normalizes
//! them.
//!
//! Each request must get exactly the expected status and challenge. No answer may be a 500, and the
//! service must still work afterwards.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod claims;
mod forms;
mod header_lines;
mod headers;
mod network;
mod requests;
mod service;
