//! The history of the catalog.

use async_trait::async_trait;
use scopegate_claims::UnixTime;

use super::{MemoryStore, Use};
use crate::store::{CatalogHistory, CatalogVersion, StoreError, Undo, VersionRecord};

#[async_trait]
impl CatalogHistory for MemoryStore {
    async fn catalog_versions(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<CatalogVersion>, StoreError> {
        let history = &self.open(Use::Other).await?.rows.history;
        let below = history.range(..below.unwrap_or(u64::MAX)).rev().take(limit as usize);
        Ok(below.map(|(_, record)| record.version.clone()).collect())
    }

    async fn undo_since(&self, version: u64) -> Result<Undo, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let mut undo = Undo { current: rows.version, ..Undo::default() };
        let after = version.saturating_add(1);
        for (version, VersionRecord { before, .. }) in rows.history.range(after..).rev() {
            undo.versions.push(*version);
            undo.rows.extend(before.iter().map(|row| (*version, row.clone())));
        }
        Ok(undo)
    }

    async fn prune_catalog_history(&self, before: UnixTime) -> Result<u64, StoreError> {
        let history = &mut self.open(Use::Other).await?.rows.history;
        let all = history.len();
        history.retain(|_, record| record.version.at >= before);
        Ok((all - history.len()) as u64)
    }
}
