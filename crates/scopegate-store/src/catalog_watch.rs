//! Waiting for what another process changes in the catalog, or of the signing keys.

use scopegate_core::store::{CatalogStore, StoreError, Versions};

use crate::SqlStore;

impl SqlStore {
    /// Waits until the catalog or the signing keys are newer than some versions; the answer is what the
    /// versions are then.
    ///
    /// A change by another process is seen within half a second on SQLite. On PostgreSQL it is seen
    /// at once, or after 2 s where notifications do not get through. One connection listens; a
    /// second task that waits on the same store polls.
    ///
    /// # Errors
    ///
    /// Whatever [`CatalogStore::versions`] fails with. The next call starts afresh, so after an outage
    /// it is enough to call again, best after a pause.
    pub async fn wait_for_change_after(&self, versions: Versions) -> Result<Versions, StoreError> {
        // Listen first, read then: no change falls in between.
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
