//! Waiting for a change of the catalog that another process makes.

use scopegate_core::store::{CatalogStore, StoreError};

use crate::SqlStore;

impl SqlStore {
    /// Waits until the catalog is newer than a version; the answer is its version then.
    ///
    /// A change by another process is seen within half a second on SQLite. On PostgreSQL it is seen
    /// at once, or after 2 s where notifications do not get through. One connection listens; a
    /// second task that waits on the same store polls.
    ///
    /// # Errors
    ///
    /// Whatever [`CatalogStore::catalog_version`] fails with. The next call starts afresh, so after
    /// an outage it is enough to call again, best after a pause.
    pub async fn wait_for_catalog_after(&self, version: u64) -> Result<u64, StoreError> {
        // Listen first, read then: no change falls in between.
        let mut bell = self.database.bell().await;
        loop {
            let current = self.catalog_version().await?;
            if current > version {
                return Ok(current);
            }
            bell.ring().await;
        }
    }
}
