//! Notifications of PostgreSQL: another node has changed the catalog.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{Pool, Postgres};

/// The channel on which a node tells the others that the catalog has changed.
const CHANNEL: &str = "scopegate_catalog";
/// How often the version is read without a notification, which may get lost with its connection.
const POLL: Duration = Duration::from_secs(2);

/// Waits for notifications.
pub(crate) struct Listener(Option<PgListener>);

impl Listener {
    /// Listens from now on. Where listening is not possible, [`wait`](Self::wait) only polls.
    pub(super) async fn start(pool: &Pool<Postgres>) -> Self {
        match listen(pool).await {
            Ok(listener) => Self(Some(listener)),
            Err(error) => {
                tracing::debug!(%error, "cannot listen for changes of the catalog, polling");
                Self(None)
            }
        }
    }

    /// Waits for a notification, or for the next poll.
    pub(crate) async fn wait(&mut self) {
        let Some(listener) = &mut self.0 else { return tokio::time::sleep(POLL).await };
        if let Ok(Err(error)) = tokio::time::timeout(POLL, listener.recv()).await {
            tracing::debug!(%error, "stopped listening for changes of the catalog, polling");
            self.0 = None;
        }
    }
}

async fn listen(pool: &Pool<Postgres>) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
