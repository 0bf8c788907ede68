//! Waiting until another process changes the catalog or the signing keys.

use scopegate_core::store::{CatalogStore, StoreError, Versions};

use crate::sql_store::SqlStore;

impl SqlStore {
    /// Waits until the catalog or the signing keys are newer than `versions`, and returns the new
    /// versions.
    ///
    /// A change by another process is seen within half a second on SQLite. On PostgreSQL it is seen
    /// at once, or after 2 s where notifications do not get through. One connection listens; a
    /// second task that waits on the same store polls.
    ///
    /// # Errors
    ///
    /// The errors of [`CatalogStore::versions`]. The next call starts afresh: after an outage it is
    /// enough to call again, best after a pause.
    pub async fn wait_for_change_after(&self, versions: Versions) -> Result<Versions, StoreError> {
        // Listens before it reads, so that no change falls in between.
        let mut bell = self.database.bell().await;
        loop {
            let current = self.versions().await?;
            if current.is_newer_than(versions) {
                return Ok(current);
            }
            bell.ring().await;
        }
    }
}
