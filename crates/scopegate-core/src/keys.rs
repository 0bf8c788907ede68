//! Signing keys, and the keys that others publish.

pub mod fetch;
mod of_others;
mod ring;

pub use of_others::ClientKeys;
pub use ring::KeyRing;
