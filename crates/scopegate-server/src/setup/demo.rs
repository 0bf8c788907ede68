//! A storage is used for demonstrations or served to other machines, never both.
//!
//! The secrets of a demonstration are public. What was made with them cannot be told from other
//! data later, so that a storage keeps the side that it took first.

use scopegate_core::store::{InstallationStore, StoreError};

use super::SetupError;

/// The storage keeps its side under this name.
const SIDE: &str = "demonstration or public";
const DEMO: &str = "demonstration";
const PUBLIC: &str = "public";

/// Refuses to serve a demonstration to other machines. From now on the storage accepts no
/// demonstration.
pub(super) async fn refuse_demo_store(vault: &dyn InstallationStore) -> Result<(), SetupError> {
    if takes_side(vault, PUBLIC).await? { Ok(()) } else { Err(SetupError::DemoStore) }
}

/// Marks the storage as one for demonstrations. From now on it is not served to other machines.
pub(super) async fn mark(vault: &dyn InstallationStore, file: &str) -> Result<(), SetupError> {
    let is_marked = takes_side(vault, DEMO).await?;
    if is_marked { Ok(()) } else { Err(SetupError::PublicStore(file.to_owned())) }
}

async fn takes_side(vault: &dyn InstallationStore, side: &str) -> Result<bool, StoreError> {
    Ok(vault.keep(SIDE, side).await? == side)
}
