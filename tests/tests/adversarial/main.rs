//! What an attacker may send, over a real socket and byte by byte: nothing normalises it on the way.
//!
//! Every request has its exact answer, status and challenge; none is a 500, and the service is as good
//! as before afterwards.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod claims;
mod forms;
mod header_lines;
mod headers;
mod network;
mod requests;
mod service;
