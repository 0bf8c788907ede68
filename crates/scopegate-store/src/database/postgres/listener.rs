//! Notifications of PostgreSQL: another node has changed the catalog.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{Pool, Postgres};

/// The channel on which a node tells the others that the catalog has changed.
const CHANNEL: &str = "scopegate_catalog";

/// Waits for notifications.
pub(crate) struct Listener {
    /// `None` if listening is not possible.
    listener: Option<PgListener>,
    poll: Duration,
}

impl Listener {
    /// Listens from now on. Where listening is not possible, [`wait`](Self::wait) only polls.
    pub(super) async fn start(pool: &Pool<Postgres>, poll: Duration) -> Self {
        let listener = match listen(pool).await {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::debug!(%error, "cannot listen for changes of the catalog, polling");
                None
            }
        };
        Self { listener, poll }
    }

    /// Waits for a notification, or for the next poll.
    pub(crate) async fn wait(&mut self) {
        let Some(listener) = &mut self.listener else {
            return tokio::time::sleep(self.poll).await;
        };
        if let Ok(Err(error)) = tokio::time::timeout(self.poll, listener.recv()).await {
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
