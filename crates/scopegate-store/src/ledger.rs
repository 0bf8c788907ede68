//! The ledger: what running leaves behind.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::store::{Change, Ledger, StoreError};

use crate::batches::{self, Bound};
use crate::changes::Commit;
use crate::sql_store::SqlStore;
use crate::{artifacts, families, logins, sessions, standing, used_assertions};

/// Statements that delete what has expired, each a part only.
static FORGET: [&str; 5] = [
    used_assertions::FORGET,
    artifacts::FORGET,
    families::FORGET,
    sessions::FORGET,
    standing::FORGET,
];

#[async_trait]
impl Ledger for SqlStore {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let commit = Commit::of(changes);
        match Change::any_grants(changes) {
            true => self.database.write(commit).await,
            false => self.database.write_unattended(commit, &self.unattended).await,
        }
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        for statement in FORGET {
            batches::delete(&self.database, statement, Bound::Time(now)).await?;
        }
        // A node of the version before may have created users meanwhile.
        logins::fill(&self.database).await
    }
}
