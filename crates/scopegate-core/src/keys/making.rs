//! Generates signing keys, a bounded number at a time: an RSA key takes about 90 ms of a core.

use std::hash::{BuildHasher, RandomState};

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, MasterKey, SigningKey};
use tokio::sync::{Mutex, MutexGuard};

use crate::catalog::ServerId;
use crate::error::CallError;
use crate::store::{KeyPhase, StoreError, StoredKey};

/// Locks that bound the number of keys that are generated at a time: one for each core.
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

    /// Waits for the lock of a server. A server always has the same lock, so its keys are generated
    /// one at a time.
    pub(super) async fn of(&self, server: &ServerId) -> MutexGuard<'_, ()> {
        let place = self.hasher.hash_one(server) as usize % self.turns.len();
        self.turns[place].lock().await
    }
}

/// Generates and seals a key of a server, in its first phase.
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
