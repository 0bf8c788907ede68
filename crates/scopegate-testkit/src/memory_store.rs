//! A storage that lives as long as the test.

mod ledger;
mod records;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scopegate_claims::{ScopeSet, UnixTime};
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{Edit, EntityKey};
use scopegate_core::people::{NewUser, User, UserId};
use scopegate_core::store::{
    Artifact, ArtifactKind, CatalogChanges, CatalogStore, ConsentKey, Family, FamilyId, KeyPhase,
    KeyStore, Session, SessionId, StoreError, StoredKey, Vault,
};

/// Everything a server remembers, in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

/// A commit works on a copy, so that it is done as a whole or not at all.
#[derive(Clone, Debug, Default)]
struct Memory {
    version: u64,
    file_version: u64,
    entities: BTreeMap<EntityKey, (u64, Edit)>,
    keys: Vec<StoredKey>,
    assertions: HashMap<(String, String), UnixTime>,
    events: Vec<AuditEvent>,
    texts: HashMap<String, String>,
    artifacts: HashMap<(ArtifactKind, [u8; 32]), Artifact>,
    families: HashMap<FamilyId, Family>,
    sessions: HashMap<SessionId, Session>,
    consents: HashMap<ConsentKey, ScopeSet>,
    revoked: HashMap<[u8; 32], UnixTime>,
    /// By the text that logins are compared by.
    users: BTreeMap<String, User>,
    passwords: HashMap<UserId, Vec<u8>>,
}

impl Memory {
    /// Keeps a new person; tells whether the login was free.
    fn put_user(&mut self, new: &NewUser) -> bool {
        let key = User::login_key(&new.user.login);
        if self.users.contains_key(&key) {
            return false;
        }
        self.users.insert(key, new.user.clone());
        let password = new.sealed_password.clone();
        self.passwords.extend(password.map(|sealed| (new.user.id.clone(), sealed)));
        true
    }
}

impl MemoryStore {
    /// The audit events, oldest first.
    pub fn events(&self) -> Vec<AuditEvent> {
        self.memory().events.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No step leaves the memory half-changed, so a test that panicked elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CatalogStore for MemoryStore {
    async fn catalog_version(&self) -> Result<u64, StoreError> {
        Ok(self.memory().version)
    }

    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError> {
        let memory = self.memory();
        let mut changed: Vec<_> = memory
            .entities
            .values()
            .filter(|(since, edit)| {
                *since > version && (version > 0 || matches!(edit, Edit::Put(_)))
            })
            .collect();
        changed.sort_by_key(|(since, _)| *since);
        let edits = changed.into_iter().map(|(_, edit)| edit.clone()).collect();
        Ok(CatalogChanges { version: memory.version, edits })
    }

    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let memory = self.memory();
        let known = |login: &&String| memory.users.contains_key(&User::login_key(login));
        Ok(logins.iter().filter(known).cloned().collect())
    }

    async fn write_catalog_and_users(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
        seeds: &[NewUser],
    ) -> Result<u64, StoreError> {
        let mut memory = self.memory();
        if memory.version != expected {
            return Err(StoreError::Conflict);
        }
        memory.version += 1;
        let version = memory.version;
        for edit in edits {
            memory.entities.insert(edit.key().clone(), (version, edit.clone()));
        }
        memory.file_version = file_version.unwrap_or(memory.file_version);
        for seed in seeds {
            memory.put_user(seed);
        }
        Ok(version)
    }

    async fn catalog_file_version(&self) -> Result<u64, StoreError> {
        Ok(self.memory().file_version)
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        Ok(self.memory().keys.clone())
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut memory = self.memory();
        let rival = |known: &StoredKey| {
            known.server == key.server
                && (known.kid == key.kid
                    || (known.algorithm == key.algorithm
                        && known.phase == KeyPhase::Signing
                        && key.phase == KeyPhase::Signing))
        };
        if memory.keys.iter().any(rival) {
            return Err(StoreError::Conflict);
        }
        memory.keys.push(key.clone());
        Ok(())
    }
}

#[async_trait]
impl Vault for MemoryStore {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        let mut memory = self.memory();
        Ok(memory.texts.entry(name.to_owned()).or_insert_with(|| text.to_owned()).clone())
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.memory().texts.get(name).cloned())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
