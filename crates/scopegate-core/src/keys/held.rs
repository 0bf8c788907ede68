//! The keys of all servers, as this process keeps them in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use scopegate_jose::{Algorithm, Jwk, JwkSet, KeySet, MasterKey, VerifyingKey};
use tokio::time::Instant;

use super::schedule::KnownKey;
use super::{KeyVault, Signer};
use crate::catalog::{Affected, RowKey, ServerId, UnreadableRow};
use crate::store::{KeyChanges, KeyMove, KeyPhase, StoreError, StoredKey};

/// The keys at one version. A change makes a copy, which shares the unchanged servers.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The version of the newest change that was read.
    pub(super) version: u64,
    /// The version of the newest move that this process made itself.
    pub(super) moved: u64,
    servers: HashMap<ServerId, Arc<ServerKeys>>,
    /// The keys that this version of the program cannot read.
    unreadable: BTreeMap<RowKey, Arc<UnreadableRow>>,
}

/// The published keys of one server: announced, signing and retiring ones.
#[derive(Debug)]
pub(super) struct ServerKeys {
    /// The stored keys, oldest first.
    stored: Vec<StoredKey>,
    /// Since when this process knows each stored key in its phase.
    known_since: Vec<Instant>,
    /// The private key of each stored key, once it has been used to sign.
    unsealed: Vec<OnceLock<Arc<dyn Signer>>>,
    /// The answer of `/keys` (RFC 7517 §5).
    pub(super) public: Arc<str>,
    /// The same keys, ready to verify the server's own tokens.
    pub(super) verifying: Arc<KeySet>,
}

/// The key that signs now.
pub(super) struct HeldSigner {
    pub(super) key: Arc<dyn Signer>,
    /// The longest lifetime of a token that it may sign.
    pub(super) longest: Duration,
}

impl Held {
    /// The keys of a server; `None` if it has no key yet.
    pub(super) fn of(&self, server: &ServerId) -> Option<&ServerKeys> {
        self.servers.get(server).map(Arc::as_ref)
    }

    /// The stored keys of a server, oldest first.
    pub(super) fn stored(&self, server: &ServerId) -> &[StoredKey] {
        self.of(server).map_or(&[], |keys| &keys.stored)
    }

    /// The stored keys of a server, and how long this process has known each.
    pub(super) fn known(&self, server: &ServerId) -> Vec<KnownKey<'_>> {
        let Some(keys) = self.of(server) else { return Vec::new() };
        let since = keys.known_since.iter();
        let known = |(key, since): (_, &Instant)| KnownKey { key, known_for: since.elapsed() };
        keys.stored.iter().zip(since).map(known).collect()
    }

    /// All stored keys that are not dropped.
    pub(super) fn all(&self) -> impl Iterator<Item = &StoredKey> {
        self.servers.values().flat_map(|keys| &keys.stored)
    }

    /// The keys that this version of the program cannot read.
    pub(super) fn unreadable(&self) -> Vec<Arc<UnreadableRow>> {
        self.unreadable.values().cloned().collect()
    }

    /// Refuses a server if one of its keys cannot be read: it may be the signing key.
    pub(super) fn check(&self, server: &ServerId) -> Result<(), StoreError> {
        let affects = |row: &&Arc<UnreadableRow>| match row.affected() {
            Affected::Server(id) => id == server.as_str(),
            Affected::Client(_) | Affected::Nothing | Affected::User(_) => false,
        };
        let row = self.unreadable.values().find(affects);
        row.map_or(Ok(()), |row| Err(StoreError::Unreadable(Arc::clone(row))))
    }

    /// Applies changes that were read from the storage.
    pub(super) fn follow(&mut self, changes: KeyChanges) {
        let KeyChanges { version, keys, dropped, unreadable } = changes;
        self.version = version;
        for row in unreadable {
            // The key in memory may be out of date.
            self.remove(&row.key);
            self.unreadable.insert(row.key.clone(), Arc::new(row));
        }
        for key in dropped {
            self.remove(&key);
        }
        self.put(keys);
    }

    /// Applies moves that this process has just stored.
    pub(super) fn carry_out(&mut self, moves: &[KeyMove]) {
        for one in moves {
            match one {
                KeyMove::Insert(key) => self.put(vec![StoredKey::clone(key)]),
                KeyMove::Advance { server, kid, to: KeyPhase::Dropped, .. } => {
                    self.remove(&RowKey::signing_key(server.as_str(), kid));
                }
                KeyMove::Advance { server, kid, to, at, .. } => {
                    self.change(server, kid, |key| key.enter(*to, *at));
                }
                KeyMove::Cover { server, kid, longest } => {
                    self.change(server, kid, |key| key.longest = Some(*longest));
                }
            }
        }
    }

    fn change(&mut self, server: &ServerId, kid: &str, change: impl FnOnce(&mut StoredKey)) {
        let known = self.stored(server).iter().find(|key| key.kid == *kid);
        if let Some(mut key) = known.cloned() {
            change(&mut key);
            self.put(vec![key]);
        }
    }

    /// Adds keys, and replaces those with the same ids.
    fn put(&mut self, keys: Vec<StoredKey>) {
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
        self.unreadable.remove(key);
        let server = ServerId::try_from(key.parent.clone());
        let server = server.ok().filter(|server| self.servers.contains_key(server));
        if let Some(server) = server {
            self.replace(server, |known| known.retain(|known| known.kid != key.name));
        }
    }

    fn replace(&mut self, server: ServerId, change: impl FnOnce(&mut Vec<StoredKey>)) {
        let before = self.of(&server);
        let mut keys = self.stored(&server).to_vec();
        change(&mut keys);
        let keys = ServerKeys::new(keys, before);
        self.servers.insert(server, Arc::new(keys));
    }
}

impl ServerKeys {
    /// Sorts the keys by age, so that all nodes publish the same set. Private keys that were
    /// unsealed before stay in memory only if they still sign.
    fn new(mut stored: Vec<StoredKey>, before: Option<&Self>) -> Self {
        stored.sort_by(|a, b| (a.created, &a.kid).cmp(&(b.created, &b.kid)));
        let jwks: Vec<Jwk> = stored.iter().map(|key| key.public.clone()).collect();
        let verifying = jwks.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok());
        let verifying = Arc::new(KeySet::from_keys(verifying));
        let public = serde_json::to_string(&JwkSet::from_iter(jwks)).expect("keys are plain data");
        let place = |key: &StoredKey| {
            let before = before?;
            Some((before, before.stored.iter().position(|known| known.kid == key.kid)?))
        };
        let unsealed_before = |key: &StoredKey| {
            let (before, place) = place(key).filter(|_| key.phase == KeyPhase::Signing)?;
            Some(before.unsealed[place].clone())
        };
        let known_before = |key: &StoredKey| {
            let (before, place) = place(key)?;
            let is_in_phase = before.stored[place].phase == key.phase;
            is_in_phase.then(|| before.known_since[place])
        };
        let now = Instant::now();
        let known_since = stored.iter().map(|key| known_before(key).unwrap_or(now)).collect();
        let unsealed = stored.iter().map(|key| unsealed_before(key).unwrap_or_default()).collect();
        Self { stored, known_since, unsealed, public: public.into(), verifying }
    }

    /// The key that signs now; `None` if there is none.
    ///
    /// It is of the first of these algorithms that has a signing key. While the first key of a new
    /// algorithm is only announced, the key of another algorithm signs.
    ///
    /// # Errors
    ///
    /// The row of the key if the master key does not open it, or it is not one of the vault.
    pub(super) fn signer(
        &self,
        algorithms: &[Algorithm],
        master_key: &MasterKey,
        vault: &dyn KeyVault,
    ) -> Result<Option<HeldSigner>, Arc<UnreadableRow>> {
        let signs = |key: &StoredKey| key.phase == KeyPhase::Signing;
        let of = |algorithm: &Algorithm| {
            self.stored.iter().position(|key| key.algorithm == *algorithm && signs(key))
        };
        let place = algorithms.iter().find_map(of).or_else(|| self.stored.iter().position(signs));
        let Some(place) = place else { return Ok(None) };
        let stored = &self.stored[place];
        if let Some(key) = self.unsealed[place].get() {
            return Ok(Some(HeldSigner { key: Arc::clone(key), longest: stored.longest_token() }));
        }
        let opened = stored.unseal(master_key).map_err(|_| Arc::new(not_opened(stored)))?;
        let key = vault.signer(stored, &opened).map_err(|_| Arc::new(not_usable(stored)))?;
        let key = self.unsealed[place].get_or_init(|| key);
        Ok(Some(HeldSigner { key: Arc::clone(key), longest: stored.longest_token() }))
    }
}

/// The row of a key that the master key does not open.
fn not_opened(key: &StoredKey) -> UnreadableRow {
    UnreadableRow {
        key: RowKey::signing_key(key.server.as_str(), &key.kid),
        why: "the master key of this node does not open it: restart with the master key that sealed it, or revoke \
              it by `scopegate keys revoke`"
            .to_owned(),
    }
}

/// The row of a key that is not one of the vault.
fn not_usable(key: &StoredKey) -> UnreadableRow {
    UnreadableRow {
        key: RowKey::signing_key(key.server.as_str(), &key.kid),
        why: "its private key is not of a known form".to_owned(),
    }
}
