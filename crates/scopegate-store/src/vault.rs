//! Single texts that are written once.

use async_trait::async_trait;
use scopegate_core::store::{StoreError, Vault};
use scopegate_jose::random_token;

use crate::SqlStore;
use crate::database::Transaction;

const READ: &str = "SELECT content FROM vault WHERE name = $1";

const KEEP: &str = "INSERT INTO vault (name, content) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// A ping takes the room of some grants, and gives it back before anybody sees it.
const TAKE: &str = "INSERT INTO vault (name, content) VALUES ($1, $2)";
const GIVE_BACK: &str = "DELETE FROM vault WHERE name = $1";
const ROOM: usize = 16 * 1024;

#[async_trait]
impl Vault for SqlStore {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        if let Some(kept) = self.kept(name).await? {
            return Ok(kept);
        }
        let mut transaction = self.database.begin().await?;
        transaction.execute(KEEP, &[name.into(), text.into()]).await?;
        // Nothing is ever deleted: what is read now is what everybody reads.
        let kept = transaction.fetch(READ, &[name.into()], |row| row.text("content")).await?;
        transaction.commit().await?;
        let missing = || StoreError::Corrupt(format!("`{name}` of the vault does not stay"));
        kept.into_iter().next().ok_or_else(missing)
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        let kept = self.database.read(READ, &[name.into()], |row| row.text("content")).await?;
        Ok(kept.into_iter().next())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if let Some(group) = &self.group {
            return group.ping().await;
        }
        let mut transaction = self.database.begin().await?;
        take_and_give_back(&mut transaction).await?;
        transaction.commit().await
    }
}

/// Writes what a ping writes.
pub(crate) async fn take_and_give_back(transaction: &mut Transaction) -> Result<(), StoreError> {
    // No two pings have the same name, so that none waits for another node's.
    let name = format!("ping {}", random_token(16));
    transaction.execute(TAKE, &[name.as_str().into(), "0".repeat(ROOM).as_str().into()]).await?;
    transaction.execute(GIVE_BACK, &[name.as_str().into()]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{StoreOptions, StoreUrl};

    /// Asks the connection that commits go through for a number `n`, after some statements.
    async fn after(store: &SqlStore, statements: &'static str, asked: &'static str) -> u64 {
        let database = store.database.clone();
        let asking = async move {
            let mut transaction = database.begin_in_place().await.unwrap();
            transaction.run(statements.into()).await.unwrap();
            let numbers = transaction.fetch(asked, &[], |row| row.number("n")).await.unwrap();
            transaction.commit().await.unwrap();
            numbers[0]
        };
        tokio::task::spawn_blocking(|| asking.now_or_never().unwrap()).await.unwrap()
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

        // Whatever is free is taken, and there shall be no more.
        let fill = "CREATE TABLE fill (b BLOB); \
                    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 99) \
                    INSERT INTO fill SELECT zeroblob(4000) FROM c";
        assert_eq!(after(&store, fill, free).await, 0);
        after(&store, "PRAGMA max_page_count = 1", "SELECT 0 AS n").await;
        let StoreError::Unavailable(cause) = store.ping().await.unwrap_err() else {
            unreachable!("a full disk is an outage")
        };
        assert!(cause.to_string().contains("full"), "{cause}");

        // The next connection knows of no such limit: there is room again.
        store.ping().await.unwrap();
    }
}
