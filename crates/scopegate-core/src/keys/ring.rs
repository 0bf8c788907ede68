//! The signing keys of all servers, held ready.
//!
//! A key is made once, sealed under the master key, and stored before it signs. It is unsealed when it
//! signs for the first time. Publishing a key set never makes a key.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{
    Algorithm, JoseError, Jwk, JwkSet, KeySet, MasterKey, SigningKey, VerifyingKey,
};
use tokio::sync::Mutex;

use crate::catalog::{Affected, AuthorizationServer, RowKey, ServerId, UnreadableRow};
use crate::error::TokenError;
use crate::store::{KeyChanges, KeyPhase, KeyStore, StoreError, StoredKey};

/// The signing keys of all servers.
#[derive(Debug)]
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    master_key: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    held: ArcSwap<Held>,
    /// One change at a time, so that older keys never replace newer ones.
    changing: Mutex<()>,
    /// A server's keys are made one at a time, and no more at once than there are cores.
    making: Vec<Mutex<()>>,
    hasher: RandomState,
}

/// The keys as they stand at a version.
#[derive(Clone, Debug, Default)]
struct Held {
    version: u64,
    servers: HashMap<ServerId, Arc<ServerKeys>>,
    /// What is not understood of them.
    unreadable: BTreeMap<RowKey, Arc<UnreadableRow>>,
}

/// The signing keys of one server.
#[derive(Debug)]
struct ServerKeys {
    keys: Vec<HeldKey>,
    public: Arc<str>,
    verifying: Arc<KeySet>,
}

#[derive(Debug)]
struct HeldKey {
    stored: StoredKey,
    unsealed: OnceLock<Arc<SigningKey>>,
}

impl KeyRing {
    /// Reads the keys that are stored.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        master_key: Arc<MasterKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let ring = Self {
            store,
            master_key,
            clock,
            held: ArcSwap::default(),
            changing: Mutex::default(),
            making: (0..cores).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        };
        ring.reload().await?;
        Ok(ring)
    }

    /// Reads what has changed of the stored keys: another node may have made some.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read; the keys that are held stay.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let changes = self.changes_since(self.version()).await?;
        self.follow(vec![changes]).await;
        Ok(())
    }

    /// The version of the newest change that is held.
    pub(crate) fn version(&self) -> u64 {
        self.held.load().version
    }

    /// Reads what has changed after a version, and holds nothing of it yet.
    pub(crate) async fn changes_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.store.keys_since(version).await
    }

    /// Holds what was read, in the order in which it was. What is held already that is newer stays.
    pub(crate) async fn follow(&self, changes: Vec<KeyChanges>) {
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        let version = next.version;
        for changes in changes.into_iter().filter(|changes| changes.version >= version) {
            next.follow(changes);
        }
        self.held.store(Arc::new(next));
    }

    /// The keys that this version does not understand: their servers do not sign.
    pub fn unreadable(&self) -> Vec<Arc<UnreadableRow>> {
        self.held.load().unreadable.values().cloned().collect()
    }

    /// The public keys of a server as a JWK set (RFC 7517 §5); none if it has no key yet, or one that
    /// this version does not understand.
    pub fn public(&self, server: &ServerId) -> Option<Arc<str>> {
        let held = self.held.load();
        held.check(server).ok()?;
        held.servers.get(server).map(|keys| Arc::clone(&keys.public))
    }

    /// The public keys of a server, ready to verify its own tokens with; none if it has no key yet.
    pub fn verifying(&self, server: &ServerId) -> Option<Arc<KeySet>> {
        self.held.load().servers.get(server).map(|keys| Arc::clone(&keys.verifying))
    }

    /// The key that signs for a server now; it is made if there is none.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if it cannot be made, stored or unsealed, or the server has a key that this version
    /// does not understand.
    pub async fn signer(
        &self,
        server: &AuthorizationServer,
    ) -> Result<Arc<SigningKey>, TokenError> {
        // A server without algorithms is not let into the catalog.
        let algorithm = server.spec.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        if let Some(key) = self.held_signer(&server.id, algorithm)? {
            return Ok(key);
        }
        // Boxed, since it happens once in the life of a server, and each request would keep room for it.
        Box::pin(self.ensure(server)).await?;
        let key = self.held_signer(&server.id, algorithm)?;
        key.ok_or(TokenError::Storage(StoreError::Conflict))
    }

    /// Makes the keys that a server lacks.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if a key cannot be made or stored, or the server has one that this version does not
    /// understand: that may be the one that signs.
    pub async fn ensure(&self, server: &AuthorizationServer) -> Result<(), TokenError> {
        let place = self.hasher.hash_one(&server.id) as usize % self.making.len();
        let _turn = self.making[place].lock().await;
        for &algorithm in &server.spec.algorithms {
            self.held.load().check(&server.id)?;
            if !self.holds(&server.id, algorithm) {
                self.make(&server.id, algorithm).await?;
            }
        }
        Ok(())
    }

    fn holds(&self, server: &ServerId, algorithm: Algorithm) -> bool {
        let held = self.held.load();
        held.servers.get(server).is_some_and(|keys| keys.signing(algorithm).is_some())
    }

    fn held_signer(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
    ) -> Result<Option<Arc<SigningKey>>, TokenError> {
        let held = self.held.load();
        held.check(server)?;
        let key = held.servers.get(server).and_then(|keys| keys.signing(algorithm));
        key.map(|key| key.unseal(&self.master_key)).transpose()
    }

    async fn make(&self, server: &ServerId, algorithm: Algorithm) -> Result<(), TokenError> {
        let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm));
        let key = made
            .await
            .map_err(|error| TokenError::Storage(StoreError::Unavailable(Box::new(error))))?;
        let key = key.map_err(TokenError::Signing)?;
        let stored = StoredKey::seal(server, &key, &self.master_key, self.clock.now())
            .map_err(TokenError::Signing)?;
        match self.store.insert_signing_key(&stored).await {
            Ok(()) => {
                tracing::info!(%server, algorithm = algorithm.name(), kid = key.kid(), "made a signing key");
                self.hold(stored).await;
                Ok(())
            }
            // Another node was faster: its key is as good as ours.
            Err(StoreError::Conflict) => Ok(self.reload().await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds a key that has just been stored to those that are held; the others are not read again. At
    /// which version it stands is learnt with the next change.
    async fn hold(&self, stored: StoredKey) {
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        next.put(vec![stored]);
        self.held.store(Arc::new(next));
    }
}

impl Held {
    fn follow(&mut self, changes: KeyChanges) {
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
    fn check(&self, server: &ServerId) -> Result<(), StoreError> {
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

    fn signing(&self, algorithm: Algorithm) -> Option<&HeldKey> {
        self.keys
            .iter()
            .find(|key| key.stored.algorithm == algorithm && key.stored.phase == KeyPhase::Signing)
    }
}

impl HeldKey {
    fn unseal(&self, master_key: &MasterKey) -> Result<Arc<SigningKey>, TokenError> {
        if let Some(key) = self.unsealed.get() {
            return Ok(Arc::clone(key));
        }
        let key = self.stored.unseal(master_key).map_err(TokenError::Signing)?;
        Ok(Arc::clone(self.unsealed.get_or_init(|| Arc::new(key))))
    }
}

impl StoredKey {
    /// Seals a key that signs for a server from now on.
    ///
    /// # Errors
    ///
    /// [`JoseError`] if it cannot be written or sealed.
    pub fn seal(
        server: &ServerId,
        key: &SigningKey,
        master_key: &MasterKey,
        now: UnixTime,
    ) -> Result<Self, JoseError> {
        Ok(Self {
            server: server.clone(),
            kid: key.kid().to_owned(),
            algorithm: key.algorithm(),
            phase: KeyPhase::Signing,
            since: now,
            public: key.public_jwk(),
            sealed: master_key.seal(&seal_context(server, key.kid()), &key.to_pkcs8()?)?,
        })
    }

    fn unseal(&self, master_key: &MasterKey) -> Result<SigningKey, JoseError> {
        let private = master_key.open(&seal_context(&self.server, &self.kid), &self.sealed)?;
        SigningKey::from_pkcs8(self.algorithm, &private)?.with_kid(&self.kid)
    }
}

/// A sealed key opens for the server and the id that it was sealed for only.
fn seal_context(server: &ServerId, kid: &str) -> String {
    format!("signing key {server} {kid}")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as SyncMutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use scopegate_claims::{Issuer, SystemClock};

    use super::*;
    use crate::catalog::Snapshot;

    /// Keeps keys, one a server, and counts how often they are read.
    #[derive(Debug, Default)]
    struct Drawer {
        keys: SyncMutex<Vec<StoredKey>>,
        unreadable: SyncMutex<Vec<UnreadableRow>>,
        readings: AtomicUsize,
    }

    #[async_trait]
    impl KeyStore for Drawer {
        async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
            self.readings.fetch_add(1, Ordering::SeqCst);
            let keys = self.keys.lock().unwrap();
            let changed = keys.iter().skip(version as usize).cloned();
            let version = keys.len() as u64;
            let unreadable = self.unreadable.lock().unwrap().clone();
            Ok(KeyChanges { version, keys: changed.collect(), unreadable })
        }

        async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
            let mut keys = self.keys.lock().unwrap();
            if keys.iter().any(|known| known.server == key.server) {
                return Err(StoreError::Conflict);
            }
            keys.push(key.clone());
            Ok(())
        }
    }

    fn servers() -> Vec<AuthorizationServer> {
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example.com").unwrap());
        let servers = catalog.servers().map(|server| {
            let mut server = AuthorizationServer::clone(server);
            server.spec.algorithms = vec![Algorithm::Es256];
            server
        });
        servers.collect()
    }

    async fn ring(drawer: &Arc<Drawer>, master_key: &Arc<MasterKey>) -> KeyRing {
        let store = Arc::clone(drawer) as Arc<dyn KeyStore>;
        KeyRing::open(store, Arc::clone(master_key), Arc::new(SystemClock)).await.unwrap()
    }

    #[tokio::test]
    async fn a_key_that_was_made_is_held_without_reading_the_others() {
        let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
        let ring = ring(&drawer, &master_key).await;
        for server in &servers() {
            ring.ensure(server).await.unwrap();
        }
        assert_eq!(drawer.readings.load(Ordering::SeqCst), 1, "at the start only");
        for server in &servers() {
            let signer = ring.signer(server).await.unwrap();
            assert!(ring.public(&server.id).unwrap().contains(signer.kid()));
            assert!(ring.verifying(&server.id).unwrap().contains_kid(signer.kid()));
        }
    }

    #[tokio::test]
    async fn the_key_of_a_faster_node_is_read() {
        let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
        let (slower, faster) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
        let server = &servers()[0];
        let key = faster.signer(server).await.unwrap();
        assert_eq!(slower.signer(server).await.unwrap().kid(), key.kid());
        assert_eq!(drawer.readings.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn older_keys_never_replace_newer_ones() {
        let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
        let (one, other) = (ring(&drawer, &master_key).await, ring(&drawer, &master_key).await);
        let servers = servers();
        one.ensure(&servers[0]).await.unwrap();
        let older = other.changes_since(0).await.unwrap();
        one.ensure(&servers[1]).await.unwrap();
        other.reload().await.unwrap();
        assert_eq!(other.version(), 2);
        other.follow(vec![older]).await;
        assert_eq!(other.version(), 2);
        for server in &servers {
            assert_eq!(other.public(&server.id), one.public(&server.id));
        }
    }

    #[tokio::test]
    async fn a_server_with_a_key_that_is_not_understood_neither_signs_nor_makes_another() {
        let (drawer, master_key) = (Arc::default(), Arc::new(MasterKey::generate()));
        let ring = ring(&drawer, &master_key).await;
        let servers = servers();
        ring.ensure(&servers[0]).await.unwrap();
        for name in ["made-before", "made-never"] {
            let server = &servers[usize::from(name == "made-never")];
            let key = RowKey::signing_key(server.id.as_str(), name);
            let row = UnreadableRow { key, why: "its phase is not known".to_owned() };
            *drawer.unreadable.lock().unwrap() = vec![row];
            ring.reload().await.unwrap();
            for refused in [ring.signer(server).await.map(drop), ring.ensure(server).await] {
                let refused = refused.unwrap_err();
                assert!(matches!(refused, TokenError::Storage(StoreError::Unreadable(_))));
            }
            assert_eq!(ring.public(&server.id), None);
        }
        assert_eq!(ring.unreadable().len(), 2);
        assert_eq!(drawer.keys.lock().unwrap().len(), 1, "none was made");
    }
}
