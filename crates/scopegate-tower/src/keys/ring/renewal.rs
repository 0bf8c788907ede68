//! Refreshes the keys: one shared refresh at a time, each in its own task, and a background task
//! that follows the schedule.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{random_bytes, sha256};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{HeldKeys, KeyRing, Remote};
use crate::keys::KeysError;
use crate::keys::refresh::{Outcome, Progress, Refresh, RefreshState};
use crate::keys::schedule::{SIGNATURE_COOL_DOWN, STALE, after_failure, after_success};
use crate::keys::source::{Load, Loaded};
use crate::meter;

impl KeyRing {
    /// Returns the running refresh, or starts one for this key if the cool-down is over.
    pub(crate) fn refresh_for_request(
        self: &Arc<Self>,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Refresh, Outcome> {
        let Some(remote) = &self.remote else { return Err(Outcome::Failed) };
        let mut state = remote.lock();
        if let Some(running) = state.running() {
            return Ok(running);
        }
        if let Some(rest) = state.cooling_down(now) {
            return Err(Outcome::CoolingDown(rest));
        }
        self.start(remote, &mut state, kid, now).ok_or(Outcome::Failed)
    }

    /// Returns the running refresh, or starts one. The schedule itself keeps the cool-down.
    pub(super) fn refresh_by_schedule(self: &Arc<Self>) -> Option<Refresh> {
        let remote = self.remote.as_ref()?;
        let now = remote.clock.now();
        let mut state = remote.lock();
        state.running().or_else(|| self.start(remote, &mut state, None, now))
    }

    fn start(
        self: &Arc<Self>,
        remote: &Remote,
        state: &mut RefreshState,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Option<Refresh> {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!("keys cannot be read outside of a tokio runtime");
            state.last_error = Some(Arc::new(KeysError::NoRuntime));
            return None;
        };
        (state.started_at, state.absent) = (Some(now), None);
        Some(self.spawn(remote, state, kid, &runtime))
    }

    /// Starts a refresh in the background, because the signature of a token was wrong.
    ///
    /// Most such tokens are forged. But an issuer can also replace a key under its old `kid`; then
    /// every new token is refused until the key set is read again. No request waits for this
    /// refresh, and its cool-down is separate: forged tokens delay no refresh for an unknown key,
    /// and unknown keys do not delay this one.
    pub(crate) fn signature_was_wrong(self: &Arc<Self>, now: UnixTime) {
        let (Some(remote), Ok(runtime)) = (&self.remote, Handle::try_current()) else { return };
        let now = now.as_seconds();
        let last = self.signature_wrong_at.load(Ordering::Relaxed);
        // If the clock was set back, the cool-down must not become longer.
        if last <= now && now - last < SIGNATURE_COOL_DOWN.as_secs() {
            return;
        }
        // The one request that wins this exchange starts the refresh.
        let exchange = &self.signature_wrong_at;
        if exchange.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let mut state = remote.lock();
            if state.running().is_none() {
                self.spawn(remote, &mut state, None, &runtime);
            }
        }
    }

    fn spawn(
        self: &Arc<Self>,
        remote: &Remote,
        state: &mut RefreshState,
        kid: Option<&str>,
        runtime: &Handle,
    ) -> Refresh {
        let (progress, refresh) = Refresh::begin();
        state.running = Some(refresh.clone());
        // In its own task, so that it continues if the request that started it is cancelled.
        runtime.spawn(Arc::clone(self).refresh(kid.map(Box::from), progress));
        // If a runtime was shut down, its tasks are gone, but the layer may still be used in
        // another runtime.
        if state.background.as_ref().is_none_or(JoinHandle::is_finished) {
            let schedule = remote.schedule.subscribe();
            state.background = Some(runtime.spawn(keep_fresh(Arc::downgrade(self), schedule)));
        }
        refresh
    }

    async fn refresh(self: Arc<Self>, kid: Option<Box<str>>, progress: watch::Sender<Progress>) {
        let Some(remote) = &self.remote else { return };
        let tag = remote.lock().tag.clone();
        let loaded = remote.source.load(tag, remote.clock.now()).await;
        let now = remote.clock.now();
        let (outcome, wait) = match loaded {
            Ok(load) => {
                let fresh_for = self.install(remote, load);
                (Outcome::Succeeded, self.confirm(remote, kid, fresh_for, now))
            }
            Err(error) => (Outcome::Failed, self.keep(remote, error, now)),
        };
        self.due_at.store(now.plus(wait).as_seconds(), Ordering::Relaxed);
        progress.send_replace(Progress::Ended(outcome));
        remote.schedule.send_replace(wait);
    }

    /// Replaces the keys in use. Returns how long the issuer declares them fresh.
    fn install(&self, remote: &Remote, load: Load) -> Option<Duration> {
        let Loaded { document, parsed, fresh_for, tag } = match load {
            Load::Loaded(loaded) => *loaded,
            Load::Unchanged { fresh_for } => {
                meter::refreshed(&remote.issuer, "unchanged");
                return fresh_for;
            }
        };
        remote.lock().tag = tag;
        let digest = sha256(&document);
        let held = self.held.load();
        if held.generation > 0 && held.digest == digest {
            meter::refreshed(&remote.issuer, "unchanged");
            return fresh_for;
        }
        let (generation, issuer) = (held.generation + 1, &*remote.issuer);
        remote.lock().logged.log(issuer, &parsed.set_aside);
        let (keys, set_aside) = (parsed.keys.len(), parsed.set_aside.len());
        if keys == 0 {
            tracing::warn!(issuer, generation, set_aside, "the issuer has no usable key");
        } else {
            tracing::info!(issuer, generation, keys, set_aside, "the issuer's new keys are in use");
        }
        meter::refreshed(issuer, "renewed");
        self.held.store(Arc::new(HeldKeys { keys: parsed.keys, generation, digest }));
        self.key_status.renew(generation);
        fresh_for
    }

    /// Records that the issuer answered: the keys held are the keys it publishes now.
    fn confirm(
        &self,
        remote: &Remote,
        kid: Option<Box<str>>,
        fresh_for: Option<Duration>,
        now: UnixTime,
    ) -> Duration {
        self.key_status.confirm(now.plus(STALE).as_seconds());
        meter::key_age(&remote.issuer, Duration::ZERO);
        let absent = kid.filter(|kid| !self.held.load().keys.contains_kid(kid));
        let mut state = remote.lock();
        (state.failures, state.last_error, state.confirmed_at) = (0, None, Some(now));
        state.absent = absent;
        after_success(fresh_for, jitter())
    }

    /// Records a failure; the keys held stay in use.
    fn keep(&self, remote: &Remote, error: KeysError, now: UnixTime) -> Duration {
        let error = Arc::new(error);
        let (failures, confirmed_at) = {
            let mut state = remote.lock();
            state.failures = state.failures.saturating_add(1);
            state.last_error = Some(Arc::clone(&error));
            (state.failures, state.confirmed_at)
        };
        let wait = after_failure(failures, jitter());
        tracing::warn!(
            issuer = &*remote.issuer,
            failures,
            retry_in = wait.as_secs(),
            error = &*error as &dyn std::error::Error,
            "the issuer's keys cannot be read"
        );
        meter::refreshed(&remote.issuer, "failed");
        if let Some(confirmed_at) = confirmed_at {
            meter::key_age(&remote.issuer, now.since(confirmed_at));
        }
        wait
    }
}

/// Refreshes the keys by the schedule until the ring is dropped.
async fn keep_fresh(ring: Weak<KeyRing>, mut schedule: watch::Receiver<Duration>) {
    loop {
        let wait = *schedule.borrow_and_update();
        match timeout(wait, schedule.changed()).await {
            // A request's refresh has just ended; its result set a new waiting time.
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
