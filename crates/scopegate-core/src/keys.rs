//! Signing keys, and the keys that others publish.

pub mod fetch;
mod held;
mod of_others;
mod ring;
mod sealed;
mod signer;

pub use of_others::ClientKeys;
pub use ring::KeyRing;
pub use signer::Signer;
