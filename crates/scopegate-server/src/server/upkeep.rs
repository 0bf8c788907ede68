//! What a server does beside answering: it follows the catalog, makes keys, and forgets.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scopegate_core::authority::Authority;
use scopegate_core::store::StoreError;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::CatalogWatch;

/// The pause after a first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often the storage deletes what has expired.
const FORGET_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// By how much the clocks of nodes on one storage may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(10 * 60);

/// Starts the tasks; they end when the set is dropped.
pub(super) fn start(authority: &Arc<Authority>, watch: Arc<dyn CatalogWatch>) -> JoinSet<()> {
    let changed = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(follow_catalog(Arc::clone(authority), watch, Arc::clone(&changed)));
    tasks.spawn(make_keys(Arc::clone(authority), changed));
    tasks.spawn(forget_expired(Arc::clone(authority)));
    tasks
}

async fn follow_catalog(
    authority: Arc<Authority>,
    watch: Arc<dyn CatalogWatch>,
    changed: Arc<Notify>,
) {
    let mut pause = Pause::new();
    loop {
        match load_next(&authority, &*watch).await {
            Ok(()) => {
                tracing::info!(version = authority.catalog().version(), "the catalog has changed");
                changed.notify_one();
                pause.reset();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "the catalog cannot be read");
                pause.wait().await;
            }
        }
    }
}

async fn load_next(authority: &Authority, watch: &dyn CatalogWatch) -> Result<(), StoreError> {
    watch.changed_after(authority.catalog().version()).await?;
    // If nothing is new any more, somebody else has loaded it meanwhile.
    authority.reload().await.map(drop)
}

/// New servers get their keys at once. Apart from the reload, because RSA keys take their time.
async fn make_keys(authority: Arc<Authority>, changed: Arc<Notify>) {
    let mut pause = Pause::new();
    loop {
        changed.notified().await;
        while let Err(error) = authority.ensure_keys().await {
            tracing::warn!(error = &error as &dyn Error, "a signing key was not made");
            pause.wait().await;
        }
        pause.reset();
    }
}

async fn forget_expired(authority: Arc<Authority>) {
    let mut hour = tokio::time::interval(FORGET_INTERVAL);
    loop {
        hour.tick().await;
        // The clock of another node may be behind: it must not take again what is forgotten here.
        let expired = authority.clock().now().minus(CLOCK_SKEW);
        if let Err(error) = authority.store().forget_expired(expired).await {
            tracing::warn!(error = &error as &dyn Error, "what has expired was not deleted");
        }
    }
}

/// A pause that grows with each failure.
struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = LONGEST_PAUSE.min(self.0 * 2);
    }
}
