//! Bounds how many signing keys are generated at a time: an RSA key takes about 90 ms of a core.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::catalog::ServerId;

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
