//! What a hook did so far, for metrics and `hooks status`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;
use serde::Serialize;

use crate::audit::HookOutcome;

/// The upper bounds of the classes of durations, in microseconds. Longer calls are in one more class.
pub const DURATION_BOUNDS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 3_000_000];

/// Counts what a hook did. All numbers only grow.
#[derive(Debug, Default)]
pub(super) struct Counters {
    outcomes: [AtomicU64; HookOutcome::ALL.len()],
    /// The calls by their duration. Answers from the cache are no calls.
    durations: [AtomicU64; DURATION_BOUNDS.len() + 1],
    micros: AtomicU64,
    last_failure: Mutex<Option<LastFailure>>,
}

/// The last failure of a hook.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LastFailure {
    /// When it failed.
    pub at: UnixTime,
    /// Why, with a name from a fixed list.
    pub failure: &'static str,
}

impl Counters {
    pub(super) fn count(&self, outcome: HookOutcome) {
        let place = HookOutcome::ALL.iter().position(|known| *known == outcome);
        if let Some(counter) = place.and_then(|place| self.outcomes.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn called(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = DURATION_BOUNDS.iter().position(|bound| micros <= *bound);
        self.durations[place.unwrap_or(DURATION_BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, at: UnixTime, failure: &'static str) {
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(LastFailure { at, failure });
    }

    pub(super) fn outcomes(&self) -> impl Iterator<Item = (HookOutcome, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HookOutcome::ALL.into_iter().zip(self.outcomes.iter().map(read))
    }

    pub(super) fn durations(&self) -> (Vec<u64>, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (self.durations.iter().map(read).collect(), read(&self.micros))
    }

    pub(super) fn last_failure(&self) -> Option<LastFailure> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
