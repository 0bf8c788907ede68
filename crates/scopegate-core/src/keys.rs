//! The signing keys of the authorization servers, and the keys that clients and trusted issuers
//! publish.

mod confirmed;
mod event;
pub mod fetch;
mod held;
mod making;
mod of_others;
mod ring;
pub mod schedule;
mod sealed;
mod signer;

pub use of_others::{ClientKeys, KeysProblem};
pub use ring::{KeyOrderError, KeyRing, ListedKey, PublishedKeys, Revoked, Rotated};
pub use signer::Signer;
