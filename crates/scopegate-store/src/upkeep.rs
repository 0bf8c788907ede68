//! Upkeep: counting artifacts and deleting old audit events.

use async_trait::async_trait;
use scopegate_core::audit::DecisionId;
use scopegate_core::store::{ArtifactKind, StoreError, Upkeep};

use crate::batches::{self, Bound};
use crate::sql_store::SqlStore;
use crate::{artifacts, audit_events};

#[async_trait]
impl Upkeep for SqlStore {
    async fn artifacts(&self, kind: ArtifactKind, at_most: u64) -> Result<u64, StoreError> {
        artifacts::count(&self.database, kind, at_most).await
    }

    async fn prune_audit(&self, before: DecisionId) -> Result<u64, StoreError> {
        let before = Bound::Id(before.to_string());
        batches::delete(&self.database, audit_events::PRUNE, before).await
    }
}
