//! Signing keys: each once, with the version of its newest change.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scopegate_jose::Algorithm;

use super::{Memory, MemoryStore, Use};
use crate::audit::AuditEvent;
use crate::catalog::{RowKey, ServerId};
use crate::store::{KeyChanges, KeyMove, KeyPhase, KeyStore, StoreError, StoredKey};
use crate::store::{SealedKey, SealedRow};

/// The keys, in the order in which they were stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    pub(super) version: u64,
    stored: Vec<(u64, StoredKey)>,
    claims: BTreeMap<(ServerId, Algorithm), String>,
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.0.before_changes.run(self).await;
        Ok(self.open(Use::Other).await?.rows.keys.since(version))
    }

    async fn move_keys(&self, moves: &[KeyMove], events: &[AuditEvent]) -> Result<u64, StoreError> {
        let memory = &mut *self.open(Use::MoveKeys).await?;
        let mut next = memory.rows.keys.clone();
        next.version += 1;
        moves.iter().try_for_each(|one| next.carry_out(one))?;
        let version = next.version;
        let Memory { rows, events: recorded } = memory;
        rows.keys = next;
        recorded.extend_from_slice(events);
        Ok(version)
    }

    async fn claim_key(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
        claim: &str,
        instead_of: Option<&str>,
    ) -> Result<String, StoreError> {
        let claims = &mut self.open(Use::Other).await?.rows.keys.claims;
        let held = claims.entry((server.clone(), algorithm)).or_insert_with(|| claim.to_owned());
        if Some(held.as_str()) == instead_of {
            claim.clone_into(held);
        }
        Ok(held.clone())
    }
}

impl Keys {
    pub(super) fn sealed(&self) -> Vec<SealedRow> {
        let is_kept = |key: &&StoredKey| key.phase != KeyPhase::Dropped;
        let keys = self.stored.iter().map(|(_, key)| key).filter(is_kept);
        let row = |key: &StoredKey| {
            let (server, kid) = (key.server.clone(), key.kid.clone());
            SealedRow { key: SealedKey::SigningKey { server, kid }, sealed: key.sealed.clone() }
        };
        keys.map(row).collect()
    }

    pub(super) fn reseal(&mut self, before: &SealedRow, sealed: &[u8]) -> u64 {
        let is_meant = |(_, key): &&mut (u64, StoredKey)| {
            let (server, kid) = (key.server.clone(), key.kid.clone());
            SealedKey::SigningKey { server, kid } == before.key && key.sealed == before.sealed
        };
        let Some((changed, key)) = self.stored.iter_mut().find(is_meant) else { return 0 };
        self.version += 1;
        (*changed, key.sealed) = (self.version, sealed.to_vec());
        1
    }

    fn since(&self, version: u64) -> KeyChanges {
        let mut changes = KeyChanges { version: self.version, ..KeyChanges::default() };
        for (_, key) in self.stored.iter().filter(|(changed, _)| *changed > version) {
            match key.phase {
                KeyPhase::Announced | KeyPhase::Signing | KeyPhase::Retiring => {
                    changes.keys.push(key.clone());
                }
                KeyPhase::Dropped if version == 0 => {}
                KeyPhase::Dropped => {
                    changes.dropped.push(RowKey::signing_key(key.server.as_str(), &key.kid));
                }
            }
        }
        changes
    }

    fn carry_out(&mut self, one: &KeyMove) -> Result<(), StoreError> {
        let position = |meant: &dyn Fn(&StoredKey) -> bool| {
            self.stored.iter().position(|(_, key)| meant(key)).ok_or(StoreError::Conflict)
        };
        let (place, key) = match one {
            KeyMove::Insert(key) => {
                self.claims.remove(&(key.server.clone(), key.algorithm));
                (self.stored.len(), StoredKey::clone(key))
            }
            KeyMove::Advance { from, to, .. } if to <= from => return Err(StoreError::Conflict),
            KeyMove::Advance { server, kid, from, to, at } => {
                let place = position(&|key| {
                    key.server == *server && key.kid == *kid && key.phase == *from
                })?;
                let mut key = self.stored[place].1.clone();
                key.enter(*to, *at);
                (place, key)
            }
            KeyMove::Cover { server, kid, longest } => {
                let place = position(&|key| {
                    key.server == *server
                        && key.kid == *kid
                        && key.phase == KeyPhase::Signing
                        && key.longest_token() < *longest
                })?;
                let key = StoredKey { longest: Some(*longest), ..self.stored[place].1.clone() };
                (place, key)
            }
        };
        let mut others = self.stored.iter().enumerate().filter(|(other, _)| *other != place);
        if others.any(|(_, (_, other))| excludes(other, &key)) {
            return Err(StoreError::Conflict);
        }
        self.stored.splice(place..(place + 1).min(self.stored.len()), [(self.version, key)]);
        Ok(())
    }
}

/// Tells whether two keys cannot both be stored.
fn excludes(one: &StoredKey, other: &StoredKey) -> bool {
    let is_same_place = one.algorithm == other.algorithm && one.phase == other.phase;
    one.server == other.server
        && (one.kid == other.kid || (is_same_place && one.phase.is_of_one_key()))
}
