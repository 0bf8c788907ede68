//! Makes signing keys, with a bound on how many at a time: an RSA key takes some 90 ms of a core.

use std::hash::{BuildHasher, RandomState};

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, MasterKey, SigningKey};
use tokio::sync::{Mutex, MutexGuard};

use crate::catalog::ServerId;
use crate::error::CallError;
use crate::store::{KeyPhase, StoreError, StoredKey};

/// The turns of those who want to make keys: one for each core.
#[derive(Debug)]
pub(super) struct Turns {
    turns: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = (0..cores).map(|_| Mutex::new(())).collect();
        Self { turns, hasher: RandomState::new() }
    }

    /// Waits for the turn of a server. A server always has the same turn, so its keys are made one
    /// at a time.
    pub(super) async fn of(&self, server: &ServerId) -> MutexGuard<'_, ()> {
        let place = self.hasher.hash_one(server) as usize % self.turns.len();
        self.turns[place].lock().await
    }
}

/// Makes a key of a server, which begins in a phase, and seals it.
pub(super) async fn make(
    server: &ServerId,
    algorithm: Algorithm,
    phase: KeyPhase,
    master_key: &MasterKey,
    now: UnixTime,
) -> Result<StoredKey, CallError> {
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
    let key = made.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    let key = key.map_err(CallError::Signing)?;
    StoredKey::seal(server, &key, phase, master_key, now).map_err(CallError::Signing)
}
