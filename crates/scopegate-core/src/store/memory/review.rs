//! Reads for administrators.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use scopegate_claims::UnixTime;

use super::{MemoryStore, Use};
use crate::catalog::{ClientId, ServerId, UserId};
use crate::store::{AuditFilter, Family, FamilyId, Review, Session, StoreError, StoredEvent};

#[async_trait]
impl Review for MemoryStore {
    async fn audit_events(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let events = &self.open(Use::Other).await?.events;
        let stored = events.iter().map(|event| StoredEvent { id: event.id, json: event.to_json() });
        let mut found: Vec<_> = stored.filter(|event| filter.matches(event)).collect();
        found.sort_by_key(|event| Reverse(event.id));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn sessions_of(&self, user: &UserId) -> Result<Vec<Session>, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let mut found: Vec<_> =
            rows.sessions.values().filter(|session| session.user == *user).cloned().collect();
        found.sort_by_key(|session| (Reverse(session.seen_at), session.id.clone()));
        Ok(found)
    }

    async fn families_of(&self, user: &UserId) -> Result<Vec<Family>, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let is_open = |family: &&Family| family.user == *user && !family.revoked;
        let mut found: Vec<_> = rows.families.values().filter(is_open).cloned().collect();
        found.sort_by_key(|family| (Reverse(family.rotated_at), family.id.clone()));
        Ok(found)
    }

    async fn families_of_client(
        &self,
        server: &ServerId,
        client: &ClientId,
        after: Option<&FamilyId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<Family>, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let is_meant = |family: &&Family| {
            family.server == *server
                && family.client == *client
                && is_open(family, now)
                && after.is_none_or(|after| family.id.as_str() > after.as_str())
        };
        let mut found: Vec<_> = rows.families.values().filter(is_meant).cloned().collect();
        found.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn clients_with_families(
        &self,
        server: &ServerId,
        after: Option<&ClientId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let of_server = |family: &&Family| family.server == *server && is_open(family, now);
        let clients = rows.families.values().filter(of_server).map(|family| &family.client);
        let clients: BTreeSet<_> =
            clients.filter(|id| after.is_none_or(|after| *id > after)).collect();
        Ok(clients.into_iter().take(limit as usize).cloned().collect())
    }

    async fn open_families(&self, client: &ClientId, now: UnixTime) -> Result<u64, StoreError> {
        let rows = &self.open(Use::Other).await?.rows;
        let is_meant = |family: &&Family| family.client == *client && is_open(family, now);
        Ok(rows.families.values().filter(is_meant).count() as u64)
    }

    async fn client_uses(&self) -> Result<HashMap<String, UnixTime>, StoreError> {
        Ok(self.open(Use::Other).await?.rows.uses.clone())
    }

    async fn client_use(&self, client: &ClientId) -> Result<Option<UnixTime>, StoreError> {
        Ok(self.open(Use::Other).await?.rows.uses.get(client.as_str()).copied())
    }

    async fn record_uses(&self, uses: &[(ClientId, UnixTime)]) -> Result<(), StoreError> {
        let known = &mut self.open(Use::Other).await?.rows.uses;
        for (client, at) in uses {
            let known = known.entry(client.to_string()).or_insert(*at);
            *known = (*known).max(*at);
        }
        Ok(())
    }
}

/// Tells whether a family still gives tokens.
fn is_open(family: &Family, now: UnixTime) -> bool {
    !family.revoked && now < family.idle_ends_at && now < family.ends_at
}
