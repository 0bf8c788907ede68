//! What keeps the storage small: what has expired is deleted, and old audit events where that is
//! wanted.
//!
//! Whoever runs an [`Authority`] calls these from time to time.

use std::time::Duration;

use crate::audit::DecisionId;
use crate::authority::Authority;
use crate::limits::Stored;
use crate::recording::MOST_ROWS;
use crate::store::StoreError;

/// By how much the clocks of nodes on one storage may differ.
///
/// What must not be used again is remembered so much longer than it could be: its row says so. A node
/// whose clock is behind does not find it forgotten.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(10 * 60);

/// How long a row stays after it has expired.
///
/// So the row of a node whose clock is a little behind is not deleted before its time, and a device
/// that asks once more learns that its code has expired.
const GRACE: Duration = Duration::from_secs(30);

impl Authority {
    /// Deletes what expired half a minute ago or earlier, and counts what strangers have left.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. A part may be deleted then.
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

    /// Records how many refusals were counted rather than recorded one by one.
    ///
    /// They go through the queue of grants. If that has no place, they are counted on.
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

    /// Deletes the audit events that are older than this; the answer is how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. A part may be deleted then.
    pub async fn prune_audit(&self, keep: Duration) -> Result<u64, StoreError> {
        let oldest = self.clock.now().minus(keep);
        self.store.prune_audit(DecisionId::first_at(oldest)).await
    }
}
