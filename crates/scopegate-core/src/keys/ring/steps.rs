//! Applies the steps that are due for the keys of a server.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::Algorithm;
use tokio::time::{Instant, sleep};

use super::{Held, KeyRing};
use crate::audit::Actor;
use crate::catalog::{AuthorizationServer, ServerId};
use crate::error::CallError;
use crate::keys::event::key_step_event;
use crate::keys::schedule::{KeyStep, Rotation, Wanted, due};
use crate::store::{KeyMove, KeyPhase, StoreError, StoredKey};

/// Maximum attempts to apply the steps of a server when other nodes change its keys at the same
/// time.
const ATTEMPTS: usize = 5;

/// Maximum number of times that steps make further steps due.
const ROUNDS: usize = 8;

/// How often a node looks for the key that another node generates.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long a node waits for the key that another node generates. Then that node has probably
/// ended.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(10);

/// How much work the steps are that are due for a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it is quick or not")]
pub enum DueWork {
    /// No RSA key is generated.
    Quick,
    /// An RSA key is generated, which takes about 90 ms of a core.
    Slow,
}

impl KeyRing {
    /// Applies the steps that are due for a server: generates missing keys, and continues
    /// rotations.
    ///
    /// # Errors
    ///
    /// [`CallError`] if a key cannot be generated or stored, or the server has a key that this
    /// version cannot read: it may be the signing key.
    pub async fn ensure(&self, server: &AuthorizationServer) -> Result<(), CallError> {
        self.ensure_for(server, Duration::ZERO).await
    }

    /// The same, and lets the signing keys sign tokens that live for `lifetime`.
    pub(super) async fn ensure_for(
        &self,
        server: &AuthorizationServer,
        lifetime: Duration,
    ) -> Result<(), CallError> {
        let wanted = Wanted::of(server, lifetime);
        let _turn = self.turns.of(&server.id).await;
        self.refresh().await?;
        for _ in 0..ROUNDS {
            let steps = self.due(&server.id, &wanted)?;
            if steps.is_empty() {
                return Ok(());
            }
            if self.let_others_make(&server.id, &steps).await? {
                continue;
            }
            self.apply(&server.id, &wanted).await?;
        }
        Ok(())
    }

    /// The work that the due steps of a server are for this node. `None`: no step is due.
    pub fn due_work(&self, server: &AuthorizationServer) -> Option<DueWork> {
        let steps = self.due(&server.id, &Wanted::of(server, Duration::ZERO)).ok()?;
        let is_slow = steps.iter().any(|step| slowly_made(step).is_some());
        (!steps.is_empty()).then_some(if is_slow { DueWork::Slow } else { DueWork::Quick })
    }

    fn due(&self, server: &ServerId, wanted: &Wanted<'_>) -> Result<Vec<KeyStep>, StoreError> {
        let held = self.held.load();
        held.check(server)?;
        Ok(due(wanted, &held.known(server), self.clock.now()))
    }

    /// Claims the RSA keys that have to be generated. Tells whether another node was first, and the
    /// keys have changed meanwhile. If that node does not store its key in time, its claim ends.
    async fn let_others_make(
        &self,
        server: &ServerId,
        steps: &[KeyStep],
    ) -> Result<bool, StoreError> {
        for algorithm in steps.iter().filter_map(slowly_made) {
            let claim = async |instead_of: Option<&str>| {
                self.store.claim_key(server, algorithm, &self.claim, instead_of).await
            };
            let other = claim(None).await?;
            if other == self.claim {
                continue;
            }
            let (version, began) = (self.version(), Instant::now());
            while began.elapsed() < WAIT_FOR_OTHERS {
                sleep(LOOK_AGAIN).await;
                self.reload().await?;
                if self.version() != version {
                    return Ok(true);
                }
            }
            if claim(Some(&other)).await? != self.claim {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Applies the steps that are due once.
    async fn apply(&self, server: &ServerId, wanted: &Wanted<'_>) -> Result<(), CallError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let steps = self.due(server, wanted)?;
            if steps.is_empty() {
                return Ok(());
            }
            let moves = self.moves(server, steps, wanted, now).await?;
            match self.store_moves(&moves, now, None).await {
                Ok(_) => return Ok(()),
                // Another node changed the keys first. Perhaps nothing is due any more.
                Err(StoreError::Conflict) => self.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(CallError::Storage(StoreError::Conflict))
    }

    /// Stores moves with their audit events, and applies them to the keys in memory. Then destroys the
    /// private keys that are not needed any more, and returns those that may still exist.
    pub(super) async fn store_moves(
        &self,
        moves: &[KeyMove],
        now: UnixTime,
        actor: Option<&Actor>,
    ) -> Result<Vec<Undestroyed>, StoreError> {
        let events: Vec<_> =
            moves.iter().filter_map(|one| key_step_event(one, now, actor)).collect();
        let before = self.held.load_full();
        let version = match self.store.move_keys(moves, &events).await {
            Ok(version) => version,
            Err(error) => {
                // After another failure the new keys may have been stored.
                if matches!(error, StoreError::Conflict) {
                    self.destroy(unused(moves)).await;
                }
                return Err(error);
            }
        };
        self.apply_moves(moves, version).await;
        Ok(self.destroy(dropped(moves, &before)).await)
    }

    /// Destroys private keys in the vault. Returns those that may still exist, with the reason.
    async fn destroy(&self, keys: impl Iterator<Item = &StoredKey>) -> Vec<Undestroyed> {
        let mut left = Vec::new();
        for key in keys {
            let destroyed = match key.unseal(&self.master_key) {
                Ok(secret) => self.vault.destroy(&key.kid, &secret).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = destroyed {
                let (server, kid) = (&key.server, &key.kid);
                let cause = &error as &dyn std::error::Error;
                tracing::error!(%server, kid, cause, "the private key of a dropped key is not destroyed");
                left.push(Undestroyed { kid: kid.clone(), why: error.to_string() });
            }
        }
        left
    }

    /// The moves that carry out the steps. New keys are generated here, but not stored yet.
    async fn moves(
        &self,
        server: &ServerId,
        steps: Vec<KeyStep>,
        wanted: &Wanted<'_>,
        at: UnixTime,
    ) -> Result<Vec<KeyMove>, CallError> {
        let advance =
            |kid, from, to| KeyMove::Advance { server: server.clone(), kid, from, to, at };
        let mut moves = Vec::new();
        for step in steps {
            moves.push(match step {
                KeyStep::Make { algorithm, phase } => {
                    self.insert(server, algorithm, phase, wanted, at).await?
                }
                KeyStep::Cover { kid } => {
                    KeyMove::Cover { server: server.clone(), kid, longest: wanted.longest }
                }
                KeyStep::Sign { kid } => advance(kid, KeyPhase::Announced, KeyPhase::Signing),
                KeyStep::Retire { kid } => advance(kid, KeyPhase::Signing, KeyPhase::Retiring),
                KeyStep::Drop { kid, from } => advance(kid, from, KeyPhase::Dropped),
            });
        }
        Ok(moves)
    }

    /// Generates a key, and returns the move that stores it.
    pub(super) async fn insert(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
        phase: KeyPhase,
        wanted: &Wanted<'_>,
        at: UnixTime,
    ) -> Result<KeyMove, CallError> {
        let new = self.vault.generate(algorithm).await?;
        let key = StoredKey::seal_new(server, algorithm, &new, phase, &self.master_key, at);
        let mut key = key.map_err(CallError::Signing)?;
        key.longest = Some(wanted.longest);
        key.cached = Some(Rotation::cached(&wanted.rotation));
        Ok(KeyMove::Insert(Box::new(key)))
    }

    /// Applies moves that were stored as `version` to the keys in memory, without reading them
    /// again. The version in memory stays the same until the next read, because changes of other
    /// nodes may precede these moves.
    pub(super) async fn apply_moves(&self, moves: &[KeyMove], version: u64) {
        for one in moves {
            let (server, kid, phase) = (one.server(), one.kid(), one.phase().as_str());
            match one {
                KeyMove::Cover { longest, .. } => {
                    tracing::debug!(%server, kid, ?longest, "a signing key signs longer tokens");
                }
                KeyMove::Insert(_) | KeyMove::Advance { .. } => {
                    tracing::info!(%server, kid, phase, "a signing key entered a phase");
                }
            }
        }
        let _turn = self.changing.lock().await;
        let mut next = Held::clone(&self.held.load());
        // If this version was read meanwhile, the keys may already be in later phases.
        if next.version < version {
            next.carry_out(moves);
            next.moved = next.moved.max(version);
            self.held.store(std::sync::Arc::new(next));
        }
    }
}

/// A private key that may still exist in the vault, though it is dropped.
pub(super) struct Undestroyed {
    pub(super) kid: String,
    pub(super) why: String,
}

/// The keys that were generated for moves.
fn unused(moves: &[KeyMove]) -> impl Iterator<Item = &StoredKey> {
    moves.iter().filter_map(|one| match one {
        KeyMove::Insert(key) => Some(&**key),
        KeyMove::Advance { .. } | KeyMove::Cover { .. } => None,
    })
}

/// The keys that moves drop, as they were before.
fn dropped<'k>(moves: &[KeyMove], before: &'k Held) -> impl Iterator<Item = &'k StoredKey> {
    moves
        .iter()
        .filter(|one| one.phase() == KeyPhase::Dropped)
        .filter_map(|one| before.stored(one.server()).iter().find(|key| key.kid == one.kid()))
}

/// The algorithm of a key that takes long to generate.
fn slowly_made(step: &KeyStep) -> Option<Algorithm> {
    match step {
        KeyStep::Make { algorithm: algorithm @ (Algorithm::Rs256 | Algorithm::Ps256), .. } => {
            Some(*algorithm)
        }
        KeyStep::Make { .. }
        | KeyStep::Cover { .. }
        | KeyStep::Sign { .. }
        | KeyStep::Retire { .. }
        | KeyStep::Drop { .. } => None,
    }
}
