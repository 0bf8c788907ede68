//! The faults that a test can set, and the number of reads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::MemoryStore;
use crate::store::{Contested, StoreError};

/// The kind of an operation.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// A commit.
    Commit,
    /// A move of signing keys.
    MoveKeys,
    /// Everything else. It fails only if the whole storage is down.
    Other,
    /// A read of artifacts, sessions, families, consents or users.
    Read,
}

/// The current fault.
#[derive(Clone, Copy, Debug, Default)]
enum Fault {
    #[default]
    None,
    Down,
    Hangs,
    HoldsCommits,
    LosesRaces(u32),
    RefusesKeys,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    fault: Mutex<Fault>,
    /// Wakes the commits that wait for the fault to change.
    changed: Notify,
    reads: AtomicUsize,
}

impl MemoryStore {
    /// From now on every operation fails: the storage is not available.
    pub fn break_down(&self) {
        self.0.faults.set(Fault::Down);
    }

    /// From now on reads of artifacts, sessions, families, consents and users never return.
    pub fn hang(&self) {
        self.0.faults.set(Fault::Hangs);
    }

    /// From now on commits wait until the storage is [repaired](Self::repair). As in a database,
    /// commits that grant nothing keep waiting after their callers are dropped.
    pub fn hold_commits(&self) {
        self.0.faults.set(Fault::HoldsCommits);
    }

    /// Makes the next `number` commits fail, as if a concurrent commit had won.
    pub fn lose_races(&self, number: u32) {
        self.0.faults.set(if number > 0 { Fault::LosesRaces(number) } else { Fault::None });
    }

    /// From now on storing and moving signing keys fails.
    pub fn refuse_keys(&self) {
        self.0.faults.set(Fault::RefusesKeys);
    }

    /// Ends the fault. There is one fault at a time: setting another one replaces it.
    pub fn repair(&self) {
        self.0.faults.set(Fault::None);
    }

    /// The number of reads of artifacts, sessions, families, consents and users, answered or not.
    pub fn reads(&self) -> usize {
        self.0.faults.reads.load(Ordering::Relaxed)
    }
}

impl Faults {
    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.changed.notify_waiters();
    }

    pub(super) fn hold_commits(&self) -> bool {
        matches!(*self.fault.lock().unwrap_or_else(PoisonError::into_inner), Fault::HoldsCommits)
    }

    async fn until_commits_are_free(&self) {
        let mut changed = std::pin::pin!(self.changed.notified());
        loop {
            // Listen before checking, so that no change in between is missed.
            changed.as_mut().enable();
            if !self.hold_commits() {
                return;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }

    /// Counts an operation, and applies the fault to it.
    pub(super) async fn admit(&self, to: Use) -> Result<(), StoreError> {
        if matches!(to, Use::Read) {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(to, Use::Commit) {
            self.until_commits_are_free().await;
        }
        match (self.next(to), to) {
            (Fault::Down, _) => Err(StoreError::Unavailable("the disk is gone".into())),
            (Fault::RefusesKeys, Use::MoveKeys) => {
                Err(StoreError::Unavailable("the disk is full".into()))
            }
            (Fault::Hangs, Use::Read) => std::future::pending().await,
            (Fault::LosesRaces(_), Use::Commit) => Err(StoreError::Changed(Contested::Family)),
            (
                Fault::None
                | Fault::Hangs
                | Fault::HoldsCommits
                | Fault::LosesRaces(_)
                | Fault::RefusesKeys,
                _,
            ) => Ok(()),
        }
    }

    /// The fault for an operation. A commit that loses a race uses up one of the lost races.
    fn next(&self, to: Use) -> Fault {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let found = *fault;
        if let (Fault::LosesRaces(left), Use::Commit) = (found, to) {
            *fault = if left > 1 { Fault::LosesRaces(left - 1) } else { Fault::None };
        }
        found
    }
}
