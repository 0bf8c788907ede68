//! What needs the authorization server.

mod authority;
mod signing_keys;

pub use scopegate_core::store::memory::{MemoryStore, Sizes, UncheckedCatalog};

pub(crate) use self::authority::open;
pub use self::signing_keys::put_signing_keys;
