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

/// How old the recorded last use of a client may be, in seconds. A shorter time would write more rows.
const USE_ACCURACY: u64 = 60 * 60;

/// Maximum number of clients whose last use is recorded at once, so that other writers do not wait.
const USES_AT_ONCE: usize = 1000;

impl Authority {
    /// Deletes the rows that expired at least 30 seconds ago, and counts the requests of public
    /// clients.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. Some rows may be deleted already.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.store.forget_expired(self.clock.now().minus(GRACE)).await?;
        self.record_client_uses(USE_ACCURACY).await?;
        for kind in Stored::ALL {
            let added = self.requests.added(kind);
            let most = self.requests.most_rows();
            let rows = self.store.artifacts(kind.artifact(), most).await?;
            self.requests.counted(kind, rows, added);
        }
        Ok(())
    }

    /// Records when clients were last used, if the storage does not know it to `accuracy` seconds.
    pub(crate) async fn record_client_uses(&self, accuracy: u64) -> Result<(), StoreError> {
        let catalog = self.catalog();
        let used =
            catalog.clients().filter_map(|client| Some((client, client.unrecorded_use(accuracy)?)));
        let used: Vec<_> = used.take(USES_AT_ONCE).collect();
        if used.is_empty() {
            return Ok(());
        }
        let uses: Vec<_> = used.iter().map(|(client, at)| (client.id.clone(), *at)).collect();
        self.store.record_uses(&uses).await?;
        for (client, at) in used {
            client.use_is_recorded(at);
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
}
