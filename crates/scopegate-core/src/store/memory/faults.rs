//! What a storage can be told to do wrong, and how often it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::MemoryStore;
use crate::store::{Contested, StoreError};

/// For what somebody comes to a storage.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// To write what running leaves.
    Commit,
    /// To move signing keys.
    MoveKeys,
    /// To do what fails with the storage as a whole only.
    Other,
    /// To read what running left, or a person.
    Read,
}

/// What is wrong now.
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
    /// Wakes those who wait for another fault.
    changed: Notify,
    reads: AtomicUsize,
}

impl MemoryStore {
    /// From now on every port says that the storage is not available.
    pub fn break_down(&self) {
        self.0.faults.set(Fault::Down);
    }

    /// From now on nobody who reads what running left, or a person, gets an answer.
    pub fn hang(&self) {
        self.0.faults.set(Fault::Hangs);
    }

    /// From now on commits wait until the storage is [repaired](Self::repair). As in a database, those
    /// that grant nothing go on waiting without their callers.
    pub fn hold_commits(&self) {
        self.0.faults.set(Fault::HoldsCommits);
    }

    /// So many of the next commits find that somebody else was faster.
    pub fn lose_races(&self, number: u32) {
        self.0.faults.set(if number > 0 { Fault::LosesRaces(number) } else { Fault::None });
    }

    /// From now on no signing key is stored or moved.
    pub fn refuse_keys(&self) {
        self.0.faults.set(Fault::RefusesKeys);
    }

    /// Ends what was wrong. There is one fault at a time: another takes the place of the first.
    pub fn repair(&self) {
        self.0.faults.set(Fault::None);
    }

    /// So often was it asked for what running left, or for a person, answered or not.
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
            // Listen first, look then: no change falls in between.
            changed.as_mut().enable();
            if !self.hold_commits() {
                return;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }

    /// Counts a use, and fails it if it is to fail.
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

    /// What is wrong with a use; a race that it loses is used up.
    fn next(&self, to: Use) -> Fault {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let found = *fault;
        if let (Fault::LosesRaces(left), Use::Commit) = (found, to) {
            *fault = if left > 1 { Fault::LosesRaces(left - 1) } else { Fault::None };
        }
        found
    }
}
