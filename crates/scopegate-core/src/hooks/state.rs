//! What a process remembers of a hook between calls.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::breaker::{Breaker, BreakerState};
use super::cache::AnswerCache;
use super::counters::{Counters, LastFailure};
use crate::catalog::{Hook, HookCache, Snapshot};

/// Maximum number of calls of a hook at once. Further calls fail at once, so that requests do not pile up behind
/// a hook that does not answer.
pub const MAX_CALLS: usize = 256;

/// What a process remembers of a hook between calls.
#[derive(Debug)]
pub(super) struct HookState {
    hook: Arc<Hook>,
    pub(super) breaker: Breaker,
    pub(super) places: Semaphore,
    pub(super) cache: AnswerCache,
    pub(super) counters: Arc<Counters>,
}

impl HookState {
    fn new(hook: &Arc<Hook>, counters: Arc<Counters>) -> Self {
        let keep = |cache: &HookCache| cache.ttl.max(cache.stale());
        Self {
            cache: AnswerCache::new(hook.spec.cache.as_ref().map(keep).unwrap_or_default()),
            breaker: Breaker::default(),
            places: Semaphore::new(MAX_CALLS),
            counters,
            hook: Arc::clone(hook),
        }
    }
}

/// What a process remembers of all hooks, by their names.
#[derive(Debug, Default)]
pub(super) struct States(Mutex<HashMap<String, Arc<HookState>>>);

impl States {
    /// The state of a hook. It begins anew when the hook is changed: what another URL has answered does not count.
    pub(super) fn of(&self, hook: &Arc<Hook>) -> Arc<HookState> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match states.get(&hook.name) {
            // Usually it is the same allocation, so that the specs are not compared.
            Some(state) if Arc::ptr_eq(&state.hook, hook) || state.hook.spec == hook.spec => {
                Arc::clone(state)
            }
            earlier => {
                let counters = earlier.map(|state| Arc::clone(&state.counters)).unwrap_or_default();
                let state = Arc::new(HookState::new(hook, counters));
                states.insert(hook.name.clone(), Arc::clone(&state));
                state
            }
        }
    }

    /// Forgets the hooks that the catalog does not have.
    pub(super) fn follow(&self, catalog: &Snapshot) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|name, _| catalog.hook(name).is_some());
    }
}

/// What a hook did since the process started, and whether it is called now.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HookStatus {
    /// The name of the hook.
    pub name: String,
    /// Whether it is called now.
    pub breaker: BreakerState,
    /// The number of calls that are running.
    pub running: usize,
    /// How often each outcome occurred, by the name of the outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The numbers of calls by their duration. The bounds are [`DURATION_BOUNDS`](super::DURATION_BOUNDS); the last
    /// number is of longer calls.
    pub durations: Vec<u64>,
    /// The duration of all calls together, in microseconds.
    pub micros: u64,
    /// The number of answers in the cache.
    pub cached_answers: usize,
    /// The size of the answers in the cache, in bytes.
    pub cached_bytes: usize,
    /// The last failure.
    pub last_failure: Option<LastFailure>,
}

impl HookStatus {
    pub(super) fn of(hook: &Hook, state: &HookState) -> Self {
        let (durations, micros) = state.counters.durations();
        let (cached_answers, cached_bytes) = state.cache.size();
        Self {
            name: hook.name.clone(),
            breaker: state.breaker.state(Instant::now()),
            running: MAX_CALLS - state.places.available_permits(),
            outcomes: state.counters.outcomes().map(|(name, it)| (name.as_str(), it)).collect(),
            durations,
            micros,
            cached_answers,
            cached_bytes,
            last_failure: state.counters.last_failure(),
        }
    }
}
