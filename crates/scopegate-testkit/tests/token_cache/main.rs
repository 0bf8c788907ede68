//! The cache of verified tokens, tested from outside: what a layer in front of a service caches,
//! and what it must not.
//!
//! A token is cached when it was verified twice. A cached token gives the same `Verified` as before, by pointer; a token that is verified anew
//! gives a new one. So a test can tell the two apart.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod extra;
mod gate;
mod junk;
mod keys;
mod layers;
mod tenants;
mod time;
