//! Single texts that are written once.

use async_trait::async_trait;
use scopegate_core::store::{InstallationStore, StoreError};
use scopegate_jose::random_token;

use crate::database::{Job, Transaction};
use crate::sql_store::SqlStore;

const READ: &str = "SELECT content FROM vault WHERE name = $1";

const KEEP: &str = "INSERT INTO vault (name, content) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// A ping takes the room of some grants, and gives it back in the same transaction.
const TAKE: &str = "INSERT INTO vault (name, content) VALUES ($1, $2)";
const GIVE_BACK: &str = "DELETE FROM vault WHERE name = $1";
/// Bytes that a ping takes.
const ROOM: usize = 16 * 1024;

#[async_trait]
impl InstallationStore for SqlStore {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        if let Some(kept) = self.kept(name).await? {
            return Ok(kept);
        }
        self.database.write(Keep { name: name.to_owned(), text: text.to_owned() }).await
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        let kept = self.database.read(READ, &[name.into()], |row| row.text("content")).await?;
        Ok(kept.into_iter().next())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.write(Ping).await
    }
}

/// Writes a text unless there is one of that name, and returns the text that is there then.
struct Keep {
    name: String,
    text: String,
}

impl Job for Keep {
    type Answer = String;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<String, StoreError> {
        let Self { name, text } = self;
        let name = name.as_str();
        transaction.execute(KEEP, &[name.into(), text.as_str().into()]).await?;
        // Nothing is ever deleted, so all nodes read the same text from now on.
        let kept = transaction.fetch(READ, &[name.into()], |row| row.text("content")).await?;
        let missing = || StoreError::Corrupt(format!("`{name}` of the installation does not stay"));
        kept.into_iter().next().ok_or_else(missing)
    }
}

/// Writes as a grant would, and leaves nothing behind.
struct Ping;

impl Job for Ping {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        // Each ping has a name of its own, so that it does not wait for the ping of another node.
        let name = format!("ping {}", random_token(16));
        let room = "0".repeat(ROOM);
        transaction.execute(TAKE, &[name.as_str().into(), room.as_str().into()]).await?;
        transaction.execute(GIVE_BACK, &[name.as_str().into()]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_options::StoreOptions;
    use crate::store_url::StoreUrl;

    /// Runs statements in the connection that writes, and then one that answers a number `n`.
    struct Ask(&'static str, &'static str);

    impl Job for Ask {
        type Answer = u64;

        async fn run(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
            let Self(statements, asked) = *self;
            transaction.run(statements.to_owned()).await?;
            Ok(transaction.fetch(asked, &[], |row| row.number("n")).await?[0])
        }
    }

    async fn after(store: &SqlStore, statements: &'static str, asked: &'static str) -> u64 {
        store.database.write(Ask(statements, asked)).await.unwrap()
    }

    #[tokio::test]
    async fn a_storage_without_room_does_not_serve() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("s.db"));
        let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
        store.ping().await.unwrap();
        let free = "SELECT freelist_count AS n FROM pragma_freelist_count";
        let before = after(&store, "", free).await;
        store.ping().await.unwrap();
        assert_eq!(after(&store, "", free).await, before, "a ping leaves nothing behind");

        // All free pages are taken, and the file cannot grow.
        let fill = "CREATE TABLE fill (b BLOB); \
                    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 99) \
                    INSERT INTO fill SELECT zeroblob(4000) FROM c";
        assert_eq!(after(&store, fill, free).await, 0);
        after(&store, "PRAGMA max_page_count = 1", "SELECT 0 AS n").await;
        let StoreError::Unavailable(cause) = store.ping().await.unwrap_err() else {
            unreachable!("a full disk is an outage")
        };
        assert!(cause.to_string().contains("full"), "{cause}");

        // The next connection does not have that limit, so there is room again.
        store.ping().await.unwrap();
    }
}
