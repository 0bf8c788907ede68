//! The signing keys of all servers, held ready in memory.
//!
//! A key is made once, sealed under the master key, and stored before it signs. It is unsealed when it
//! signs for the first time. Publishing a key set never makes a key.

use std::sync::Arc;

use arc_swap::ArcSwap;
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{Algorithm, KeySet, MasterKey, SigningKey};
use tokio::sync::Mutex;

use super::event::key_step_event;
use super::held::Held;
use super::making::{self, Turns};
use super::schedule::{KeyStep, Rotation, due};
use crate::catalog::{AuthorizationServer, ServerId, UnreadableRow};
use crate::error::CallError;
use crate::store::{KeyChanges, KeyMove, KeyPhase, KeyStore, StoreError};

/// How often the steps of a server are tried when other nodes change its keys at the same time.
const ATTEMPTS: usize = 5;

/// The signing keys of all servers.
#[derive(Debug)]
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    master_key: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    rotation: Rotation,
    held: ArcSwap<Held>,
    /// One change of `held` at a time, so that older keys never replace newer ones.
    changing: Mutex<()>,
    turns: Turns,
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
        let ring = Self {
            store,
            master_key,
            clock,
            rotation: Rotation::manual(),
            held: ArcSwap::default(),
            changing: Mutex::default(),
            turns: Turns::new(),
        };
        ring.reload().await?;
        Ok(ring)
    }

    /// The public keys of a server as a JWK set (RFC 7517 §5): announced, signing and retiring ones.
    /// None if the server has no key yet, or one that this version does not understand.
    pub fn public(&self, server: &ServerId) -> Option<Arc<str>> {
        let held = self.held.load();
        held.check(server).ok()?;
        held.of(server).map(|keys| Arc::clone(&keys.public))
    }

    /// The published keys of a server, ready to verify its own tokens; none if it has no key yet.
    pub fn verifying(&self, server: &ServerId) -> Option<Arc<KeySet>> {
        self.held.load().of(server).map(|keys| Arc::clone(&keys.verifying))
    }

    /// The keys that this version does not understand: their servers do not sign.
    pub fn unreadable(&self) -> Vec<Arc<UnreadableRow>> {
        self.held.load().unreadable()
    }

    /// The key that signs for a server now. It is made if the server has none.
    ///
    /// # Errors
    ///
    /// [`CallError`] if the key cannot be made, stored or unsealed, or the server has a key that this
    /// version does not understand.
    pub async fn signer(&self, server: &AuthorizationServer) -> Result<Arc<SigningKey>, CallError> {
        // The catalog refuses a server without algorithms.
        let algorithm = server.spec.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        if let Some(key) = self.held_signer(&server.id, algorithm)? {
            return Ok(key);
        }
        // Boxed, so that each request does not reserve memory for what happens once per server.
        Box::pin(self.ensure(server)).await?;
        let key = self.held_signer(&server.id, algorithm)?;
        key.ok_or(CallError::Storage(StoreError::Conflict))
    }

    fn held_signer(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
    ) -> Result<Option<Arc<SigningKey>>, CallError> {
        let held = self.held.load();
        held.check(server)?;
        let Some(keys) = held.of(server) else { return Ok(None) };
        keys.signer(algorithm, &self.master_key)
    }

    /// Applies the steps that are due for a server: makes the keys that it lacks, and goes on with
    /// rotations that were begun.
    ///
    /// # Errors
    ///
    /// [`CallError`] if a key cannot be made or stored, or the server has a key that this version does
    /// not understand: it may be the one that signs.
    pub async fn ensure(&self, server: &AuthorizationServer) -> Result<(), CallError> {
        let _turn = self.turns.of(&server.id).await;
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let steps = self.due(server, now)?;
            if steps.is_empty() {
                return Ok(());
            }
            let moves = self.moves(&server.id, steps, now).await?;
            let events: Vec<_> = moves.iter().map(|one| key_step_event(one, now)).collect();
            match self.store.move_keys(&moves, &events).await {
                Ok(version) => {
                    self.hold(&moves, version).await;
                    return Ok(());
                }
                // Another node was first. What it did may leave nothing to do.
                Err(StoreError::Conflict) => self.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(CallError::Storage(StoreError::Conflict))
    }

    fn due(&self, server: &AuthorizationServer, now: UnixTime) -> Result<Vec<KeyStep>, StoreError> {
        let held = self.held.load();
        held.check(&server.id)?;
        Ok(due(&server.spec.algorithms, held.stored(&server.id), &self.rotation, now))
    }

    /// The moves that carry out steps. New keys are made here, and not stored yet.
    async fn moves(
        &self,
        server: &ServerId,
        steps: Vec<KeyStep>,
        at: UnixTime,
    ) -> Result<Vec<KeyMove>, CallError> {
        let advance =
            |kid, from, to| KeyMove::Advance { server: server.clone(), kid, from, to, at };
        let mut moves = Vec::new();
        for step in steps {
            moves.push(match step {
                KeyStep::Make { algorithm, phase } => {
                    let key = making::make(server, algorithm, phase, &self.master_key, at).await?;
                    KeyMove::Insert(Box::new(key))
                }
                KeyStep::Sign { kid } => advance(kid, KeyPhase::Announced, KeyPhase::Signing),
                KeyStep::Retire { kid } => advance(kid, KeyPhase::Signing, KeyPhase::Retiring),
                KeyStep::Drop { kid } => advance(kid, KeyPhase::Retiring, KeyPhase::Dropped),
            });
        }
        Ok(moves)
    }

    /// Holds moves that were stored as a version, without reading the keys again. The number of the
    /// version is held with the next change that is read: there may be others before it.
    async fn hold(&self, moves: &[KeyMove], version: u64) {
        for one in moves {
            let (server, kid, phase) = (one.server(), one.kid(), one.phase().as_str());
            tracing::info!(%server, kid, phase, "a signing key entered a phase");
        }
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        // If the version was read meanwhile, the keys may have moved on since.
        if next.version < version {
            next.carry_out(moves);
            self.held.store(Arc::new(next));
        }
    }

    /// Reads what has changed of the stored keys, for example by other nodes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read. The keys that are held stay.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let changes = self.changes_since(self.version()).await?;
        self.follow(vec![changes]).await;
        Ok(())
    }

    /// The version of the newest change that is held.
    pub(crate) fn version(&self) -> u64 {
        self.held.load().version
    }

    /// Reads what has changed after a version, without holding it yet.
    pub(crate) async fn changes_since(&self, version: u64) -> Result<KeyChanges, StoreError> {
        self.store.keys_since(version).await
    }

    /// Holds changes in the order in which they were read. Changes that are older than what is held
    /// are ignored.
    pub(crate) async fn follow(&self, changes: Vec<KeyChanges>) {
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        let version = next.version;
        for changes in changes.into_iter().filter(|changes| changes.version >= version) {
            next.follow(changes);
        }
        self.held.store(Arc::new(next));
    }
}

#[cfg(test)]
mod tests;
