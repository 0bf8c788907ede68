//! A storage is for a demonstration or for others, once and for all.
//!
//! The secrets of a demonstration are known to everybody. What was made with them cannot be told
//! from the rest later, so that a storage never changes sides.

use scopegate_core::store::{StoreError, Vault};

use super::SetupError;

/// Under this name the storage keeps its side.
const SIDE: &str = "demonstration or public";
const DEMO: &str = "demonstration";
const PUBLIC: &str = "public";

/// Refuses to show a demonstration to others; from now on the storage takes none.
pub(super) async fn refuse_demo_store(vault: &dyn Vault) -> Result<(), SetupError> {
    if takes_side(vault, PUBLIC).await? { Ok(()) } else { Err(SetupError::DemoStore) }
}

/// Marks the storage: from now on it is not shown to others.
pub(super) async fn mark(vault: &dyn Vault, file: &str) -> Result<(), SetupError> {
    let is_marked = takes_side(vault, DEMO).await?;
    if is_marked { Ok(()) } else { Err(SetupError::PublicStore(file.to_owned())) }
}

async fn takes_side(vault: &dyn Vault, side: &str) -> Result<bool, StoreError> {
    Ok(vault.keep(SIDE, side).await? == side)
}
