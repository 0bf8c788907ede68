//! The signing keys of all servers, kept in memory.
//!
//! A key is generated once, sealed under the master key, and stored before it signs. It is unsealed
//! at its first use. Publishing a key set never generates a key.

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

/// Maximum attempts to apply the steps of a server when other nodes change its keys at the same
/// time.
const ATTEMPTS: usize = 5;

/// The signing keys of all servers.
#[derive(Debug)]
pub struct KeyRing {
    store: Arc<dyn KeyStore>,
    master_key: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    rotation: Rotation,
    held: ArcSwap<Held>,
    /// Held while `held` is replaced, so that older keys never replace newer ones.
    changing: Mutex<()>,
    turns: Turns,
}

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

    /// The public keys of a server as a JWK set (RFC 7517 §5): announced, signing and retiring
    /// ones. `None` if the server has no key yet, or one that this version cannot read.
    pub fn public(&self, server: &ServerId) -> Option<Arc<str>> {
        let held = self.held.load();
        held.check(server).ok()?;
        held.of(server).map(|keys| Arc::clone(&keys.public))
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
    pub async fn signer(&self, server: &AuthorizationServer) -> Result<Arc<SigningKey>, CallError> {
        // The catalog refuses a server without algorithms.
        let algorithm = server.spec.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
        if let Some(key) = self.held_signer(&server.id, algorithm)? {
            return Ok(key);
        }
        // Boxed, so that the futures of requests do not pay for the large future of this rare case.
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

    /// Applies the steps that are due for a server: generates missing keys, and continues rotations
    /// that have begun.
    ///
    /// # Errors
    ///
    /// [`CallError`] if a key cannot be generated or stored, or the server has a key that this
    /// version cannot read: it may be the signing key.
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
                    self.apply_moves(&moves, version).await;
                    return Ok(());
                }
                // Another node changed the keys first. Perhaps nothing is due any more.
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

    /// The moves that carry out the steps. New keys are generated here, but not stored yet.
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

    /// Applies moves that were stored as `version` to the keys in memory, without reading them
    /// again. The version in memory stays the same until the next read, because changes of other
    /// nodes may precede these moves.
    async fn apply_moves(&self, moves: &[KeyMove], version: u64) {
        for one in moves {
            let (server, kid, phase) = (one.server(), one.kid(), one.phase().as_str());
            tracing::info!(%server, kid, phase, "a signing key entered a phase");
        }
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        // If this version was read meanwhile, the keys may already be in later phases.
        if next.version < version {
            next.carry_out(moves);
            next.moved = next.moved.max(version);
            self.held.store(Arc::new(next));
        }
    }

    /// Reads the changes of the stored keys, such as those of other nodes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read. Then the keys in memory stay as they are.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let changes = self.changes_since(self.version()).await?;
        self.follow(vec![changes]).await;
        Ok(())
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
    /// in memory are ignored.
    pub(crate) async fn follow(&self, changes: Vec<KeyChanges>) {
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        // What was read before the newest move of this process would undo it. The next read has both.
        if changes.last().is_some_and(|newest| newest.version < next.moved) {
            return;
        }
        let version = next.version;
        for changes in changes.into_iter().filter(|changes| changes.version >= version) {
            next.follow(changes);
        }
        self.held.store(Arc::new(next));
    }
}

#[cfg(test)]
mod tests;
