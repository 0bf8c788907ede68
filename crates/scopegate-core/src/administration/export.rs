//! Writes the entities of an owner as a catalog file.

use crate::catalog::{Edit, EntityKind, Owner};
use crate::catalog_file::write::{Unwritable, write};
use crate::store::{CatalogStore, StoreError};

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Some entities have no form in a catalog file.
    #[error("{}", Lines(.0))]
    Unwritable(Vec<Unwritable>),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// The entities of an owner as a catalog file. Applied to the same store for the same owner, it changes
/// nothing. Client secrets are named, not written.
///
/// The file has the version of the last applied file, or 1.
///
/// # Errors
///
/// [`ExportError`] if the storage fails, or if an entity has no form in a catalog file.
pub async fn export(store: &dyn CatalogStore, owner: Owner) -> Result<String, ExportError> {
    let changes = store.catalog_since(0).await?;
    let entities = changes.edits.into_iter().filter_map(|edit| match edit {
        // Groups are made by the API, and users carry their names: a catalog file has none.
        Edit::Put(entity) if entity.key.kind == EntityKind::Group => None,
        Edit::Put(entity) if entity.owner == owner => Some(entity),
        Edit::Put(_) | Edit::Delete(_) => None,
    });
    let entities: Vec<_> = entities.collect();
    let version = store.catalog_file(owner).await?.version.max(1);
    write(&entities, version).map_err(ExportError::Unwritable)
}

/// Maximum number of entities that are shown.
const MAX_SHOWN: usize = 20;

struct Lines<'a>(&'a [Unwritable]);

impl std::fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, line) in self.0.iter().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{line}", if index == 0 { "" } else { "\n" })?;
        }
        match self.0.len().checked_sub(MAX_SHOWN) {
            Some(more @ 1..) => write!(f, "\nand {more} more"),
            _ => Ok(()),
        }
    }
}
