//! The signing keys of the authorization servers, and the keys that clients and trusted issuers
//! publish.

mod confirmed;
mod data_keys;
mod error;
mod event;
pub mod fetch;
mod held;
mod making;
mod of_others;
mod ring;
pub mod schedule;
mod sealed;
mod signer;
mod vault;

pub(crate) use data_keys::MAC_KEY;
pub use data_keys::open_data_keys;
pub use error::KeyError;
pub use of_others::{ClientKeys, KeysProblem};
pub use ring::{DueWork, KeyOrderError, KeyRing, ListedKey, PublishedKeys, Revoked, Rotated};
pub(crate) use sealed::seal_context;
pub use signer::Signer;
pub use vault::{KeyVault, KeysInMemory, NewKey};
