//! The keys in use.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use scopegate_bearer::RefusalCause;
use scopegate_claims::{Clock, UnixTime};
use scopegate_jose::{JoseError, KeySet};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::refresh::{Outcome, RefreshState};
use super::schedule::{COOL_DOWN, LONGEST_RETRY};
use super::source::KeySource;
use super::{KeyStatus, KeysError};

mod renewal;

const NEVER: u64 = KeyStatus::NEVER;

/// The keys of one issuer.
///
/// Reading them takes no lock and no allocation.
pub(crate) struct KeyRing {
    held: ArcSwap<HeldKeys>,
    key_status: Arc<KeyStatus>,
    /// The Unix time, in seconds, from which a request triggers a refresh. The background task is
    /// usually earlier. This covers refreshes that it missed, for example while the machine was
    /// asleep.
    due_at: AtomicU64,
    /// The Unix time, in seconds, at which a wrong signature last started a refresh.
    signature_wrong_at: AtomicU64,
    remote: Option<Remote>,
}

/// A key set in use. Each change of the set increments the generation.
#[derive(Debug)]
pub(crate) struct HeldKeys {
    pub(crate) keys: KeySet,
    pub(crate) generation: u64,
    digest: [u8; 32],
}

/// What a ring needs if its keys come from an issuer.
struct Remote {
    /// The issuer's name, for logs and metrics.
    issuer: Arc<str>,
    source: KeySource,
    clock: Arc<dyn Clock>,
    state: Mutex<RefreshState>,
    /// The background task's waiting time, set after each refresh. The task ends when this is
    /// dropped.
    schedule: watch::Sender<Duration>,
}

impl KeyRing {
    /// A ring of keys that never change.
    pub(crate) fn fixed(keys: KeySet) -> Self {
        Self {
            held: ArcSwap::from_pointee(HeldKeys { keys, generation: 1, digest: [0; 32] }),
            key_status: Arc::new(KeyStatus::new(1, NEVER)),
            due_at: AtomicU64::new(NEVER),
            signature_wrong_at: AtomicU64::new(NEVER),
            remote: None,
        }
    }

    /// A ring without keys, or with seed keys that are used until the issuer first answers.
    pub(crate) fn remote(
        issuer: &str,
        source: KeySource,
        clock: Arc<dyn Clock>,
        seeds: Option<KeySet>,
    ) -> Self {
        // The age of seed keys is unknown, so the first request triggers a refresh.
        let (generation, stale_at, due_at) =
            if seeds.is_some() { (1, NEVER, 0) } else { (0, 0, NEVER) };
        let keys = seeds.unwrap_or_default();
        Self {
            held: ArcSwap::from_pointee(HeldKeys { keys, generation, digest: [0; 32] }),
            key_status: Arc::new(KeyStatus::new(generation, stale_at)),
            due_at: AtomicU64::new(due_at),
            signature_wrong_at: AtomicU64::new(NEVER),
            remote: Some(Remote {
                issuer: issuer.into(),
                source,
                clock,
                state: Mutex::default(),
                schedule: watch::Sender::new(LONGEST_RETRY),
            }),
        }
    }

    /// The keys, unless they were never read or are too old.
    pub(crate) fn held(&self, now: UnixTime) -> Option<Guard<Arc<HeldKeys>>> {
        self.key_status.generation(now).map(|_| self.held.load())
    }

    /// What the validity of a token depends on that was verified with these keys.
    pub(crate) fn key_status(&self) -> &Arc<KeyStatus> {
        &self.key_status
    }

    /// Whether a refresh could bring this key. It cannot within the cool-down after a refresh for
    /// this same key did not bring it.
    pub(crate) fn may_bring(&self, kid: Option<&str>, now: UnixTime) -> bool {
        let Some(remote) = &self.remote else { return false };
        let is_known_absent = || {
            self.key_status.generation(now).is_some()
                && kid.is_some_and(|kid| remote.lock().is_known_absent(kid, now))
        };
        !is_known_absent()
    }

    /// Reads the keys and waits for them, for a service that must not start without keys.
    pub(crate) async fn first_keys(self: &Arc<Self>, now: UnixTime) -> Result<(), Arc<KeysError>> {
        let Some(remote) = &self.remote else { return Ok(()) };
        if let Ok(refresh) = self.refresh_for_request(None, now) {
            refresh.outcome().await;
        }
        match self.held(now) {
            // Seed keys are enough, whatever the issuer answers.
            Some(held) if !held.keys.is_empty() => Ok(()),
            held => Err(remote.lock().last_error.clone().unwrap_or_else(|| {
                let none = held.map_or(KeysError::NoRuntime, |_| KeysError::NoUsableKey);
                Arc::new(none)
            })),
        }
    }

    /// Refreshes keys that are due, without waiting.
    pub(crate) fn refresh_if_due(self: &Arc<Self>, now: UnixTime) {
        let due_at = self.due_at.load(Ordering::Relaxed);
        if now.as_seconds() >= due_at {
            self.claim_refresh(due_at, now);
        }
    }

    #[cold]
    fn claim_refresh(self: &Arc<Self>, due_at: u64, now: UnixTime) {
        // The one request that wins this exchange starts the refresh; the others go on.
        let next = now.plus(COOL_DOWN).as_seconds();
        let claim =
            self.due_at.compare_exchange(due_at, next, Ordering::Relaxed, Ordering::Relaxed);
        if claim.is_ok() {
            // Within the cool-down nothing happens; `due_at` makes a later request try again.
            let _ = self.refresh_for_request(None, now);
        }
    }

    /// Starts to read keys that were never read.
    pub(crate) fn wake(self: &Arc<Self>, now: UnixTime) {
        // After the first refresh the background task refreshes the keys.
        let is_unread =
            self.remote.as_ref().is_some_and(|remote| remote.lock().started_at.is_none());
        if is_unread && Handle::try_current().is_ok() {
            let _ = self.refresh_for_request(None, now);
        }
    }

    /// Why a token is refused whose key is still unknown after waiting.
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
            // Without current keys the token may be valid, so the answer is 503 and not 401.
            Outcome::Failed | Outcome::Succeeded => {
                let rest = self.remote.as_ref().and_then(|remote| remote.lock().cooling_down(now));
                rest.unwrap_or_default()
            }
        };
        RefusalCause::KeysUnavailable { retry_after }
    }

    /// The state of the refreshes, if the keys come from an issuer.
    pub(crate) fn report(&self) -> Option<RefreshReport> {
        let state = self.remote.as_ref()?.lock();
        let due_at = self.due_at.load(Ordering::Relaxed);
        Some(RefreshReport {
            confirmed_at: state.confirmed_at,
            due_at: (due_at != NEVER).then(|| UnixTime::from_seconds(due_at)),
            last_error: state.last_error.clone(),
        })
    }
}

/// The refresh state of keys that come from an issuer.
pub(crate) struct RefreshReport {
    pub(crate) confirmed_at: Option<UnixTime>,
    pub(crate) due_at: Option<UnixTime>,
    pub(crate) last_error: Option<Arc<KeysError>>,
}

impl Remote {
    fn lock(&self) -> MutexGuard<'_, RefreshState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the status of the keys, so that cached tokens of an issuer whose ring was dropped are no longer
/// valid.
impl Drop for KeyRing {
    fn drop(&mut self) {
        self.key_status.end();
    }
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
