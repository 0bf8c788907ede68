//! What wakes those who wait for a change of the catalog.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{Pool, Postgres};

/// On this channel a node tells the others that the catalog has changed.
const CHANNEL: &str = "scopegate_catalog";
/// A notification may get lost with its connection: so often the version is read without one.
const FALLBACK: Duration = Duration::from_secs(2);

/// Rings when the catalog may have changed.
pub(crate) struct Bell {
    listener: Option<PgListener>,
    every: Duration,
}

impl Bell {
    pub(super) const fn every(every: Duration) -> Self {
        Self { listener: None, every }
    }

    /// Listens from now on; where that cannot be, it rings by the clock.
    pub(super) async fn listening(pool: &Pool<Postgres>) -> Self {
        let listener = match listen(pool).await {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::debug!(%error, "cannot listen for changes of the catalog, polling");
                None
            }
        };
        Self { listener, every: FALLBACK }
    }

    /// Waits until the catalog may have changed.
    pub(crate) async fn ring(&mut self) {
        let Some(listener) = &mut self.listener else {
            return tokio::time::sleep(self.every).await;
        };
        if let Ok(Err(error)) = tokio::time::timeout(self.every, listener.recv()).await {
            tracing::debug!(%error, "stopped listening for changes of the catalog, polling");
            self.listener = None;
        }
    }
}

async fn listen(pool: &Pool<Postgres>) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
