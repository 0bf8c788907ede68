//! The protocol over HTTP, on a real SQLite store.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod bad_token_requests;
mod browser;
mod documents;
mod fixture;
mod guesses;
mod hung_up;
mod log;
mod management;
mod outages;
mod pruning;
mod rendered;
mod sign_in;
mod sockets;
mod strangers;
mod token_grants;
