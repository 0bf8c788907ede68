//! The signing keys of all servers, held ready.
//!
//! A key is made once, sealed under the master key, and stored before it signs. It is unsealed when it
//! signs for the first time. Publishing a key set never makes a key.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;
use scopegate_claims::Clock;
use scopegate_jose::{Algorithm, KeySet, MasterKey, SigningKey};
use tokio::sync::Mutex;

use super::held::Held;
use crate::catalog::{AuthorizationServer, ServerId, UnreadableRow};
use crate::error::TokenError;
use crate::store::{KeyChanges, KeyStore, StoreError, StoredKey};

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

#[cfg(test)]
mod tests;
