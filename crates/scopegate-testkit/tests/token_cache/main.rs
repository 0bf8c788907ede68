//! The verified-token cache, seen from outside: what a layer in front of a service remembers and what
//! it must not.
//!
//! A token that was remembered brings the very claims of the time before; one that was not is read
//! anew. So a test sees from the claims which it was.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod extra;
mod gate;
mod junk;
mod keys;
mod tenants;
mod time;
