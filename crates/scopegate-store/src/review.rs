//! Reads for administrators.

use std::collections::HashMap;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::{ClientId, ServerId, UserId};
use scopegate_core::store::{
    AuditFilter, Family, FamilyId, Review, Session, StoreError, StoredEvent,
};

use crate::client_uses::{self, RecordUses};
use crate::sql_store::SqlStore;
use crate::{audit_search, families, sessions};

#[async_trait]
impl Review for SqlStore {
    async fn audit_events(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        audit_search::find(&self.database, filter, limit as usize).await
    }

    async fn sessions_of(&self, user: &UserId) -> Result<Vec<Session>, StoreError> {
        sessions::of_user(&self.database, user).await
    }

    async fn families_of(&self, user: &UserId) -> Result<Vec<Family>, StoreError> {
        families::of_user(&self.database, user).await
    }

    async fn families_of_client(
        &self,
        server: &ServerId,
        client: &ClientId,
        after: Option<&FamilyId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<Family>, StoreError> {
        families::of_client(&self.database, server, client, after, now, limit).await
    }

    async fn clients_with_families(
        &self,
        server: &ServerId,
        after: Option<&ClientId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError> {
        families::clients(&self.database, server, after, now, limit).await
    }

    async fn open_families(&self, client: &ClientId, now: UnixTime) -> Result<u64, StoreError> {
        families::count_of_client(&self.database, client, now).await
    }

    async fn client_uses(&self) -> Result<HashMap<String, UnixTime>, StoreError> {
        client_uses::all(&self.database).await
    }

    async fn client_use(&self, client: &ClientId) -> Result<Option<UnixTime>, StoreError> {
        client_uses::of_client(&self.database, client).await
    }

    async fn record_uses(&self, uses: &[(ClientId, UnixTime)]) -> Result<(), StoreError> {
        match uses.is_empty() {
            true => Ok(()),
            false => self.database.write(RecordUses::of(uses)).await,
        }
    }
}
