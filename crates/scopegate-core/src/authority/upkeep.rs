//! Keeps the storage small: deletes expired rows and, if configured, old audit events.
//!
//! The program that runs an [`Authority`] calls these functions at intervals.

use std::time::Duration;

use crate::audit::DecisionId;
use crate::authority::Authority;
use crate::limits::Stored;
use crate::recording::MOST_ROWS;
use crate::store::StoreError;

/// The maximum difference between the clocks of nodes that share a storage.
///
/// A row that prevents a second use is kept this much longer than the first use was possible.
/// Otherwise a node whose clock is behind could accept something again after the row is deleted.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(10 * 60);

/// How long a row is kept after it has expired.
///
/// So a node whose clock is a little ahead does not delete a row too early, and a device that polls
/// once more learns that its code has expired.
const GRACE: Duration = Duration::from_secs(30);

impl Authority {
    /// Deletes the rows that expired at least 30 seconds ago, and counts the requests of public
    /// clients.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. Some rows may be deleted already.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.store.forget_expired(self.clock.now().minus(GRACE)).await?;
        for kind in Stored::ALL {
            let added = self.requests.added(kind);
            let most = self.requests.most_rows();
            let rows = self.store.artifacts(kind.artifact(), most).await?;
            self.requests.counted(kind, rows, added);
        }
        Ok(())
    }

    /// Records the numbers of the refusals that were counted instead of recorded one by one.
    ///
    /// The events go to the audit queue. While it has no place, the counts keep growing.
    pub fn record_counted_refusals(&self) {
        for _ in 0..MOST_ROWS + 1 {
            if !self.refusals.has_counted() {
                return;
            }
            let Ok(place) = self.audit.reserve() else { return };
            let Some(event) = self.refusals.take() else { return };
            place.take(event);
        }
    }

    /// Deletes the audit events that are older than `keep`. Returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. Some rows may be deleted already.
    pub async fn prune_audit(&self, keep: Duration) -> Result<u64, StoreError> {
        let oldest = self.clock.now().minus(keep);
        self.store.prune_audit(DecisionId::first_at(oldest)).await
    }

    /// Deletes the versions of the catalog that are older than `keep`, except the current one. Returns their
    /// number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. Some rows may be deleted already.
    pub async fn prune_catalog_history(&self, keep: Duration) -> Result<u64, StoreError> {
        self.store.prune_catalog_history(self.clock.now().minus(keep)).await
    }
}
