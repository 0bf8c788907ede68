//! The keys in use, and their renewal.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{JoseError, KeySet, RefusalCause, random_bytes, sha256};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::refresh::{Outcome, Progress, Refresh, State};
use super::schedule::{COOL_DOWN, LONGEST_RETRY, STALE, after_failure, after_success};
use super::source::{Loaded, Source};
use super::{KeysError, Standing};

const NEVER: u64 = Standing::NEVER;

/// The keys of one issuer.
///
/// To look at them takes no lock and no allocation.
pub(crate) struct KeyRing {
    held: ArcSwap<HeldKeys>,
    standing: Arc<Standing>,
    /// The second from which a request in passing causes a refresh. The background task is usually
    /// earlier; this catches what it missed, as on a machine that was asleep.
    due_at: AtomicU64,
    remote: Option<Remote>,
}

/// A key set in use. Every change of it has a greater generation.
#[derive(Debug)]
pub(crate) struct HeldKeys {
    pub(crate) keys: KeySet,
    pub(crate) generation: u64,
    digest: [u8; 32],
}

/// What keys that come from elsewhere need besides.
struct Remote {
    source: Source,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// How long the background task waits, said anew after each refresh. It ends when this is dropped.
    schedule: watch::Sender<Duration>,
}

impl KeyRing {
    /// A ring of keys that never change.
    pub(crate) fn fixed(keys: KeySet) -> Self {
        Self {
            held: ArcSwap::from_pointee(HeldKeys { keys, generation: 1, digest: [0; 32] }),
            standing: Arc::new(Standing::new(1, NEVER)),
            due_at: AtomicU64::new(NEVER),
            remote: None,
        }
    }

    /// A ring without keys yet.
    pub(crate) fn remote(source: Source, clock: Arc<dyn Clock>) -> Self {
        let none = HeldKeys { keys: KeySet::empty(), generation: 0, digest: [0; 32] };
        Self {
            held: ArcSwap::from_pointee(none),
            standing: Arc::new(Standing::new(0, 0)),
            due_at: AtomicU64::new(NEVER),
            remote: Some(Remote {
                source,
                clock,
                state: Mutex::default(),
                schedule: watch::Sender::new(LONGEST_RETRY),
            }),
        }
    }

    /// The keys, unless they were never had or are too old.
    pub(crate) fn held(&self, now: UnixTime) -> Option<Guard<Arc<HeldKeys>>> {
        self.standing.generation(now).map(|_| self.held.load())
    }

    /// What a token hangs on that these keys verified.
    pub(crate) fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// Whether there may be newer keys elsewhere.
    pub(crate) fn is_refreshable(&self) -> bool {
        self.remote.is_some()
    }

    /// Reads the keys, for a start that must not go on without.
    pub(crate) async fn first_keys(self: &Arc<Self>, now: UnixTime) -> Result<(), Arc<KeysError>> {
        let Some(remote) = &self.remote else { return Ok(()) };
        if let Ok(refresh) = self.refresh_for_request(now) {
            refresh.outcome().await;
        }
        if let Some(error) = remote.lock().last_error.clone() {
            return Err(error);
        }
        match self.held(now) {
            Some(held) if !held.keys.is_empty() => Ok(()),
            Some(_) => Err(Arc::new(KeysError::NoUsableKey)),
            None => Err(Arc::new(KeysError::NoRuntime)),
        }
    }

    /// Renews keys whose time has come, without waiting.
    pub(crate) fn refresh_if_due(self: &Arc<Self>, now: UnixTime) {
        let due_at = self.due_at.load(Ordering::Relaxed);
        if now.as_seconds() >= due_at {
            self.claim_refresh(due_at, now);
        }
    }

    #[cold]
    fn claim_refresh(self: &Arc<Self>, due_at: u64, now: UnixTime) {
        // One request takes it upon itself, the others go on.
        let next = now.plus(COOL_DOWN).as_seconds();
        let claim =
            self.due_at.compare_exchange(due_at, next, Ordering::Relaxed, Ordering::Relaxed);
        if claim.is_ok() {
            // Within the cool-down there is nothing to do, and it comes up again.
            let _ = self.refresh_for_request(now);
        }
    }

    /// The refresh that is running, or a new one outside the cool-down.
    pub(crate) fn refresh_for_request(self: &Arc<Self>, now: UnixTime) -> Result<Refresh, Outcome> {
        let Some(remote) = &self.remote else { return Err(Outcome::Failed) };
        let mut state = remote.lock();
        if let Some(running) = state.running() {
            return Ok(running);
        }
        if let Some(rest) = state.cooling_down(now) {
            return Err(Outcome::CoolingDown(rest));
        }
        self.start(remote, &mut state, now).ok_or(Outcome::Failed)
    }

    /// The refresh that is running, or a new one: the schedule keeps to the cool-down by itself.
    fn refresh_by_schedule(self: &Arc<Self>) -> Option<Refresh> {
        let remote = self.remote.as_ref()?;
        let now = remote.clock.now();
        let mut state = remote.lock();
        state.running().or_else(|| self.start(remote, &mut state, now))
    }

    fn start(
        self: &Arc<Self>,
        remote: &Remote,
        state: &mut State,
        now: UnixTime,
    ) -> Option<Refresh> {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!("keys cannot be read outside of a tokio runtime");
            state.last_error = Some(Arc::new(KeysError::NoRuntime));
            return None;
        };
        state.started_at = Some(now);
        let (progress, refresh) = Refresh::begin();
        state.running = Some(refresh.clone());
        // Its own task, so that it goes on when the request that caused it is given up.
        runtime.spawn(Arc::clone(self).refresh(progress));
        // A runtime that ended took its tasks along; the layer may live on in another.
        if state.background.as_ref().is_none_or(JoinHandle::is_finished) {
            let schedule = remote.schedule.subscribe();
            state.background = Some(runtime.spawn(keep_fresh(Arc::downgrade(self), schedule)));
        }
        Some(refresh)
    }

    async fn refresh(self: Arc<Self>, progress: watch::Sender<Progress>) {
        let Some(remote) = &self.remote else { return };
        let loaded = remote.source.load(remote.clock.now()).await;
        let now = remote.clock.now();
        let (outcome, wait) = match loaded {
            Ok(loaded) => (Outcome::Succeeded, self.install(remote, loaded, now)),
            Err(error) => (Outcome::Failed, self.keep(remote, error)),
        };
        self.due_at.store(now.plus(wait).as_seconds(), Ordering::Relaxed);
        progress.send_replace(Progress::Ended(outcome));
        remote.schedule.send_replace(wait);
    }

    /// Takes new keys into use.
    fn install(&self, remote: &Remote, loaded: Loaded, now: UnixTime) -> Duration {
        let Loaded { document, parsed, fresh_for } = loaded;
        let digest = sha256(&document);
        let held = self.held.load();
        if held.generation == 0 || held.digest != digest {
            let generation = held.generation + 1;
            for set_aside in &parsed.set_aside {
                let (kid, problem) = (set_aside.kid.as_deref(), &set_aside.problem);
                tracing::debug!(kid, "a key of the issuer is set aside: {problem}");
            }
            let (count, set_aside) = (parsed.keys.len(), parsed.set_aside.len());
            if parsed.keys.is_empty() {
                tracing::warn!(generation, set_aside, "the issuer has no usable key");
            } else {
                tracing::info!(
                    generation,
                    keys = count,
                    set_aside,
                    "took the issuer's keys into use"
                );
            }
            self.held.store(Arc::new(HeldKeys { keys: parsed.keys, generation, digest }));
            self.standing.renew(generation);
        }
        self.standing.confirm(now.plus(STALE).as_seconds());
        let mut state = remote.lock();
        (state.failures, state.last_error) = (0, None);
        after_success(fresh_for, jitter())
    }

    /// Goes on with the keys there are.
    fn keep(&self, remote: &Remote, error: KeysError) -> Duration {
        let error = Arc::new(error);
        let failures = {
            let mut state = remote.lock();
            state.failures = state.failures.saturating_add(1);
            state.last_error = Some(Arc::clone(&error));
            state.failures
        };
        let wait = after_failure(failures, jitter());
        tracing::warn!(
            failures,
            retry_in = wait.as_secs(),
            error = &*error as &dyn std::error::Error,
            "the issuer's keys cannot be read: {error}"
        );
        wait
    }

    /// Why a token whose key is unknown is refused in the end.
    pub(crate) fn refusal(
        &self,
        outcome: Outcome,
        error: JoseError,
        now: UnixTime,
    ) -> RefusalCause {
        let retry_after = match outcome {
            Outcome::Succeeded | Outcome::CoolingDown(_) if self.held(now).is_some() => {
                return RefusalCause::InvalidToken(error);
            }
            Outcome::CoolingDown(rest) => rest,
            // Nobody knows whether the token is good, so it is not called bad.
            Outcome::Failed | Outcome::Succeeded => {
                let rest = self.remote.as_ref().and_then(|remote| remote.lock().cooling_down(now));
                rest.unwrap_or_default()
            }
        };
        RefusalCause::KeysUnavailable { retry_after }
    }
}

impl Remote {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews the keys by the schedule until nobody holds the ring.
async fn keep_fresh(ring: Weak<KeyRing>, mut schedule: watch::Receiver<Duration>) {
    loop {
        let wait = *schedule.borrow_and_update();
        match timeout(wait, schedule.changed()).await {
            // Somebody else has just renewed them.
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                let refresh = ring.upgrade().and_then(|ring| ring.refresh_by_schedule());
                let Some(refresh) = refresh else { return };
                refresh.outcome().await;
            }
        }
    }
}

fn jitter() -> u8 {
    let [byte] = random_bytes();
    byte
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.load();
        f.debug_struct("KeyRing")
            .field("generation", &held.generation)
            .field("keys", &held.keys.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
