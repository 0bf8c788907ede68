//! The signing keys of all servers, kept in memory.
//!
//! A key is generated once, sealed under the master key, and stored before it signs. It is unsealed
//! at its first use. Publishing a key set never generates a key.

mod orders;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use scopegate_claims::Clock;
use scopegate_jose::{KeySet, MasterKey, random_token};
use tokio::sync::Mutex;

pub use self::orders::{KeyOrderError, ListedKey, Revoked, Rotated};
pub use self::steps::DueWork;
use super::confirmed::{Confirmed, Moment};
use super::held::Held;
use super::making::Turns;
use super::schedule::{MAX_UNCONFIRMED, Rotation, max_age};
use super::{KeyVault, KeysInMemory, Signer};
use crate::catalog::{AuthorizationServer, ServerId, UnreadableRow};
use crate::error::CallError;
use crate::store::{KeyChanges, KeyPhase, KeyStore, StoreError};

/// The signing keys of all servers.
#[derive(Debug)]
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    master_key: Arc<MasterKey>,
    vault: Arc<dyn KeyVault>,
    clock: Arc<dyn Clock>,
    held: ArcSwap<Held>,
    confirmed: Confirmed,
    /// Held while `held` is replaced, so that older keys never replace newer ones.
    changing: Mutex<()>,
    /// Held during a read that a request waits for.
    refreshing: Mutex<()>,
    turns: Turns,
    /// The name under which this process claims to generate a key.
    claim: String,
}

/// The public keys of a server, as `/keys` publishes them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublishedKeys {
    /// The JWK set (RFC 7517 §5).
    pub json: Arc<str>,
    /// How long a cache may keep it, so that it always has the key that signs.
    pub max_age: Duration,
}

/// The maximum number of keys that one reload names in the log.
const MAX_NAMED: usize = 20;

impl KeyRing {
    /// Reads the stored keys.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        master_key: Arc<MasterKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_with_vault(store, master_key, clock, Arc::new(KeysInMemory)).await
    }

    /// The same with another vault, such as a KMS.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn open_with_vault(
        store: Arc<dyn KeyStore>,
        master_key: Arc<MasterKey>,
        clock: Arc<dyn Clock>,
        vault: Arc<dyn KeyVault>,
    ) -> Result<Self, StoreError> {
        let ring = Self {
            store,
            master_key,
            vault,
            confirmed: Confirmed::at(Moment::now(&*clock)),
            clock,
            held: ArcSwap::default(),
            changing: Mutex::default(),
            refreshing: Mutex::default(),
            turns: Turns::new(),
            claim: random_token(16),
        };
        ring.reload().await?;
        Ok(ring)
    }

    /// The public keys of a server as a JWK set (RFC 7517 §5): announced, signing and retiring
    /// ones. `None` if the server has no key yet, or one that this version cannot read.
    pub fn public(&self, server: &ServerId) -> Option<Arc<str>> {
        let held = self.held.load();
        held.check(server).ok()?;
        held.of(server).map(|keys| Arc::clone(&keys.public))
    }

    /// The public keys of a server, and how long a cache may keep them. `None` as for
    /// [`public`](Self::public).
    ///
    /// If the storage has not answered for longer than a key is announced, a cache may not keep them
    /// at all.
    pub async fn published(&self, server: &AuthorizationServer) -> Option<PublishedKeys> {
        if let Err(error) = self.refresh().await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "the published keys may be out of date");
        }
        let json = self.public(&server.id)?;
        let held = self.held.load();
        let (rotation, unconfirmed) = (Rotation::of(&server.spec.keys), self.unconfirmed());
        let max_age = max_age(&rotation, held.stored(&server.id).iter(), unconfirmed);
        Some(PublishedKeys { json, max_age })
    }

    /// The published keys of a server, ready to verify its own tokens; `None` if it has no key yet.
    pub fn verifying(&self, server: &ServerId) -> Option<Arc<KeySet>> {
        self.held.load().of(server).map(|keys| Arc::clone(&keys.verifying))
    }

    /// The keys that this version cannot read. Their servers do not sign.
    pub fn unreadable(&self) -> Vec<Arc<UnreadableRow>> {
        self.held.load().unreadable()
    }

    /// The current signing key of a server. It is generated if the server has none.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the key cannot be generated, stored or unsealed, or the server has a key
    /// that this version cannot read.
    pub async fn signer(&self, server: &AuthorizationServer) -> Result<Arc<dyn Signer>, CallError> {
        self.signer_for(server, Duration::ZERO).await
    }

    /// The current signing key of a server, for tokens that live at most for `lifetime`.
    ///
    /// The longest lifetime is stored with the key before the first such token is signed. So the key
    /// stays published until that token has expired.
    ///
    /// # Errors
    ///
    /// As for [`signer`](Self::signer), or if the storage has not answered for 20 seconds: the key
    /// may have been revoked meanwhile.
    pub async fn signer_for(
        &self,
        server: &AuthorizationServer,
        lifetime: Duration,
    ) -> Result<Arc<dyn Signer>, CallError> {
        self.refresh().await?;
        if let Some(key) = self.held_signer(server, lifetime)? {
            return Ok(key);
        }
        // Boxed, so that the futures of requests do not pay for the large future of this rare case.
        Box::pin(self.ensure_for(server, lifetime)).await?;
        let key = self.held_signer(server, lifetime)?;
        key.ok_or(CallError::Storage(StoreError::Conflict))
    }

    fn held_signer(
        &self,
        server: &AuthorizationServer,
        lifetime: Duration,
    ) -> Result<Option<Arc<dyn Signer>>, StoreError> {
        let held = self.held.load();
        held.check(&server.id)?;
        let Some(keys) = held.of(&server.id) else { return Ok(None) };
        let signer = keys.signer(&server.spec.algorithms, &self.master_key, &*self.vault)?;
        Ok(signer.filter(|signer| lifetime <= signer.longest).map(|signer| signer.key))
    }

    /// Reads the changes of the stored keys if that has not happened for 20 seconds. Concurrent
    /// callers wait for one read.
    async fn refresh(&self) -> Result<(), StoreError> {
        if self.unconfirmed() <= MAX_UNCONFIRMED {
            return Ok(());
        }
        // Boxed, so that the futures of requests do not pay for the large future of this rare case.
        Box::pin(async {
            let _turn = self.refreshing.lock().await;
            if self.unconfirmed() <= MAX_UNCONFIRMED { Ok(()) } else { self.reload().await }
        })
        .await
    }

    /// The time since the keys in memory were compared with the stored ones.
    fn unconfirmed(&self) -> Duration {
        self.confirmed.age(&*self.clock)
    }

    /// Reads the changes of the stored keys, such as those of other nodes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read. Then the keys in memory stay as they are.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let moment = self.moment();
        let changes = self.changes_since(self.version()).await?;
        if self.follow(vec![changes]).await {
            self.confirm(moment);
        }
        Ok(())
    }

    /// The current moment, to [`confirm`](Self::confirm) what is read from now on.
    pub(crate) fn moment(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    /// Records that the keys in memory are the stored ones, as of a moment before they were
    /// compared.
    pub(crate) fn confirm(&self, moment: Moment) {
        self.confirmed.confirm(moment);
    }

    /// The version of the newest change in memory.
    pub(crate) fn version(&self) -> u64 {
        self.held.load().version
    }

    /// Reads the changes after a version, without applying them.
    pub(crate) async fn changes_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.store.keys_since(version).await
    }

    /// Applies changes in the order in which they were read. Changes that are older than the keys
    /// in memory are ignored. Returns whether the keys in memory are as new as the changes.
    pub(crate) async fn follow(&self, changes: Vec<KeyChanges>) -> bool {
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        // What was read before the newest move of this process would undo it. The next read has both.
        if changes.last().is_some_and(|newest| newest.version < next.moved) {
            return false;
        }
        let version = next.version;
        for changes in changes.into_iter().filter(|changes| changes.version >= version) {
            self.log_closed_keys(&changes);
            next.follow(changes);
        }
        self.held.store(Arc::new(next));
        true
    }

    /// Logs each changed key that the master key does not open.
    fn log_closed_keys(&self, changes: &KeyChanges) {
        let may_sign = |phase| matches!(phase, KeyPhase::Announced | KeyPhase::Signing);
        let changed = changes.keys.iter().filter(|key| may_sign(key.phase));
        let closed: Vec<_> = changed.filter(|key| !key.opens(&self.master_key)).collect();
        for key in closed.iter().take(MAX_NAMED) {
            let (server, kid, phase) = (&key.server, &key.kid, key.phase.as_str());
            tracing::error!(
                %server, kid, phase,
                "the master key of this node does not open a signing key: the server does not sign here. Restart with the \
                 master key that sealed it, or revoke the key (scopegate keys revoke), and a new one is made"
            );
        }
        if closed.len() > MAX_NAMED {
            tracing::error!(
                all = closed.len(),
                "the master key of this node does not open these and more signing keys"
            );
        }
    }
}

#[cfg(test)]
mod tests;
