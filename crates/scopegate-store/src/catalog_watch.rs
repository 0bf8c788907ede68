//! Waiting until another process changes the catalog or the signing keys.

use std::time::Duration;

use scopegate_core::store::{CatalogStore, StoreError, Versions};

use crate::sql_store::SqlStore;

/// How often the versions are read where no notification comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollIntervals {
    /// PostgreSQL notifies, but a notification may get lost with its connection.
    pub(crate) postgres: Duration,
    /// SQLite does not notify of changes that other processes make.
    pub(crate) sqlite: Duration,
}

/// A node must use a change within 3 s. One second of it is left for reading the change.
pub(crate) const POLL: PollIntervals =
    PollIntervals { postgres: Duration::from_secs(2), sqlite: Duration::from_millis(500) };

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
        self.wait_with(versions, POLL).await
    }

    async fn wait_with(
        &self,
        versions: Versions,
        poll: PollIntervals,
    ) -> Result<Versions, StoreError> {
        // Listens before it reads, so that no change falls in between.
        let mut bell = self.database.bell(poll).await;
        loop {
            let current = self.versions().await?;
            if current.is_newer_than(versions) {
                return Ok(current);
            }
            bell.ring().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use scopegate_testkit::UncheckedCatalog;
    use sqlx::postgres::PgConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

    use super::*;
    use crate::{StoreOptions, StoreUrl};

    /// Longer than any test takes, however slow the machine is.
    const LONG: Duration = Duration::from_secs(120);

    /// Longer than [`LONG`], so that a test that needs a poll fails.
    const NEVER: Duration = Duration::from_secs(3_600);

    const SOON: Duration = Duration::from_millis(1);

    const NO_VERSION: Versions = Versions { catalog: 0, keys: 0 };

    async fn open(url: &str) -> SqlStore {
        SqlStore::open(&StoreUrl::parse(url).unwrap(), &StoreOptions::default()).await.unwrap()
    }

    /// Waits for a change of an empty store, with these intervals.
    async fn seen(store: &SqlStore, poll: PollIntervals) -> u64 {
        let seen = tokio::time::timeout(LONG, store.wait_with(NO_VERSION, poll)).await;
        seen.expect("the change is seen in time").unwrap().catalog
    }

    async fn write(store: &SqlStore) {
        store.write_catalog(0, &[], None).await.unwrap();
    }

    #[test]
    fn without_notifications_a_change_is_looked_for_at_least_every_two_seconds() {
        for interval in [POLL.postgres, POLL.sqlite] {
            assert!(interval <= Duration::from_secs(2), "{interval:?}");
        }
    }

    #[tokio::test]
    async fn sqlite_polls_for_the_change_of_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("s.db").display());
        // Two stores on one file share nothing but the file, like two processes.
        let (waiter, writer) = (open(&url).await, open(&url).await);
        let poll = PollIntervals { postgres: NEVER, sqlite: SOON };
        let mut bell = waiter.database.bell(poll).await;
        assert!(!waiter.versions().await.unwrap().is_newer_than(NO_VERSION));
        write(&writer).await;
        tokio::time::timeout(LONG, bell.ring()).await.expect("the poll comes");
        assert_eq!(seen(&waiter, poll).await, 1);
    }

    /// Two stores on a schema of PostgreSQL that has this name and the process id.
    async fn two_on_postgres(name: &str) -> (SqlStore, SqlStore) {
        let server = std::env::var("SCOPEGATE_TEST_POSTGRES_URL").expect(
            "SCOPEGATE_TEST_POSTGRES_URL is not set: run \
             `scripts/postgres cargo test -p scopegate-store -- --include-ignored`",
        );
        let name = format!("{name}_{}", std::process::id());
        let options = PgConnectOptions::from_str(&server).unwrap();
        let mut connection = options.connect().await.unwrap();
        let script = sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {name}")));
        script.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let joint = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{joint}options=-csearch_path%3D{name}");
        (open(&url).await, open(&url).await)
    }

    #[tokio::test]
    #[ignore = "run by scripts/test"]
    async fn postgresql_notifies_of_the_change_of_another_node_without_a_poll() {
        let (waiter, writer) = two_on_postgres("notified").await;
        let poll = PollIntervals { postgres: NEVER, sqlite: NEVER };
        // From here on the node listens, and the next poll is an hour away.
        let mut bell = waiter.database.bell(poll).await;
        assert!(!waiter.versions().await.unwrap().is_newer_than(NO_VERSION));
        write(&writer).await;
        tokio::time::timeout(LONG, bell.ring()).await.expect("the notification comes");
        assert_eq!(seen(&waiter, poll).await, 1);
    }

    #[tokio::test]
    #[ignore = "run by scripts/test"]
    async fn without_a_notification_postgresql_is_polled() {
        let (waiter, writer) = two_on_postgres("polled").await;
        let poll = PollIntervals { postgres: SOON, sqlite: NEVER };
        // The only connection that listens is taken, so that this one cannot listen.
        let taken = waiter.database.bell(poll).await;
        let mut bell = waiter.database.bell(poll).await;
        write(&writer).await;
        tokio::time::timeout(LONG, bell.ring()).await.expect("the poll comes");
        assert_eq!(seen(&waiter, poll).await, 1);
        drop(taken);
    }
}
