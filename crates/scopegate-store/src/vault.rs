//! Single texts that are written once.

use async_trait::async_trait;
use scopegate_core::store::{StoreError, Vault};

use crate::SqlStore;

const READ: &str = "SELECT content FROM vault WHERE name = $1";

const KEEP: &str = "INSERT INTO vault (name, content) VALUES ($1, $2) ON CONFLICT DO NOTHING";

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
        self.database.ping().await
    }
}
