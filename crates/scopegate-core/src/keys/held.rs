//! The keys of all servers as this process holds them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use scopegate_jose::{Algorithm, Jwk, JwkSet, KeySet, MasterKey, SigningKey, VerifyingKey};

use crate::catalog::{Affected, RowKey, ServerId, UnreadableRow};
use crate::error::TokenError;
use crate::store::{KeyChanges, KeyPhase, StoreError, StoredKey};

/// The keys as they stand at a version.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) version: u64,
    pub(super) servers: HashMap<ServerId, Arc<ServerKeys>>,
    /// What is not understood of them.
    pub(super) unreadable: BTreeMap<RowKey, Arc<UnreadableRow>>,
}

/// The signing keys of one server.
#[derive(Debug)]
pub(super) struct ServerKeys {
    keys: Vec<HeldKey>,
    pub(super) public: Arc<str>,
    pub(super) verifying: Arc<KeySet>,
}

#[derive(Debug)]
pub(super) struct HeldKey {
    stored: StoredKey,
    unsealed: OnceLock<Arc<SigningKey>>,
}
impl Held {
    pub(super) fn follow(&mut self, changes: KeyChanges) {
        let KeyChanges { version, keys, unreadable } = changes;
        self.version = version;
        for row in unreadable {
            // What was known of it holds no longer.
            self.remove(&row.key);
            self.unreadable.insert(row.key.clone(), Arc::new(row));
        }
        self.put(keys);
    }

    /// Puts keys in the place of those of the same ids.
    pub(super) fn put(&mut self, keys: Vec<StoredKey>) {
        let mut by_server: HashMap<ServerId, Vec<StoredKey>> = HashMap::new();
        for key in keys {
            self.unreadable.remove(&RowKey::signing_key(key.server.as_str(), &key.kid));
            by_server.entry(key.server.clone()).or_default().push(key);
        }
        for (server, changed) in by_server {
            self.replace(server, |known| {
                known.retain(|known| changed.iter().all(|key| key.kid != known.kid));
                known.extend(changed);
            });
        }
    }

    fn remove(&mut self, key: &RowKey) {
        let server = ServerId::try_from(key.parent.clone());
        let server = server.ok().filter(|server| self.servers.contains_key(server));
        if let Some(server) = server {
            self.replace(server, |known| known.retain(|known| known.kid != key.name));
        }
    }

    fn replace(&mut self, server: ServerId, change: impl FnOnce(&mut Vec<StoredKey>)) {
        let before = self.servers.get(&server).map(Arc::as_ref);
        let known = before.map_or(&[][..], |before| &before.keys).iter();
        let mut keys = known.map(|key| key.stored.clone()).collect();
        change(&mut keys);
        let keys = ServerKeys::new(keys, before);
        self.servers.insert(server, Arc::new(keys));
    }

    /// Refuses a server that has a key which is not understood.
    pub(super) fn check(&self, server: &ServerId) -> Result<(), StoreError> {
        // Mostly there is none.
        let affects = |row: &&Arc<UnreadableRow>| match row.affected() {
            Affected::Server(id) => id == server.as_str(),
            Affected::Client(_) | Affected::Nothing | Affected::User(_) => false,
        };
        let row = self.unreadable.values().find(affects);
        row.map_or(Ok(()), |row| Err(StoreError::Unreadable(Arc::clone(row))))
    }
}

impl ServerKeys {
    /// The keys in the order of their age, whenever they were read.
    fn new(mut keys: Vec<StoredKey>, before: Option<&Self>) -> Self {
        keys.sort_by(|a, b| (a.since, &a.kid).cmp(&(b.since, &b.kid)));
        let jwks: Vec<Jwk> = keys.iter().map(|key| key.public.clone()).collect();
        let verifying = jwks.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok());
        let verifying = Arc::new(KeySet::from_keys(verifying));
        let public = serde_json::to_string(&JwkSet::from_iter(jwks)).expect("keys are plain data");
        let keys = keys.into_iter().map(|stored| {
            let known = before
                .and_then(|before| before.keys.iter().find(|key| key.stored.kid == stored.kid));
            let unsealed = known.map(|key| key.unsealed.clone()).unwrap_or_default();
            HeldKey { stored, unsealed }
        });
        Self { keys: keys.collect(), public: public.into(), verifying }
    }

    pub(super) fn signing(&self, algorithm: Algorithm) -> Option<&HeldKey> {
        self.keys
            .iter()
            .find(|key| key.stored.algorithm == algorithm && key.stored.phase == KeyPhase::Signing)
    }
}

impl HeldKey {
    pub(super) fn unseal(&self, master_key: &MasterKey) -> Result<Arc<SigningKey>, TokenError> {
        if let Some(key) = self.unsealed.get() {
            return Ok(Arc::clone(key));
        }
        let key = self.stored.unseal(master_key).map_err(TokenError::Signing)?;
        Ok(Arc::clone(self.unsealed.get_or_init(|| Arc::new(key))))
    }
}
