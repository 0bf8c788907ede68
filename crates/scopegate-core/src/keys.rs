//! Signing keys, and the keys that others publish.

mod event;
pub mod fetch;
mod held;
mod making;
mod of_others;
mod ring;
pub mod schedule;
mod sealed;
mod signer;

pub use of_others::ClientKeys;
pub use ring::KeyRing;
pub use signer::Signer;
