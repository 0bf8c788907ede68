//! One shared refresh, and what is remembered about earlier ones.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::UnixTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::KeysError;
use super::download::TIMEOUT;
use super::schedule::COOL_DOWN;
use super::set_aside::LoggedKeys;
use super::source::Tag;

/// How long a request waits for issuers and keys.
pub(crate) const MAX_WAIT: Duration = TIMEOUT;

/// A refresh in its own task. All requests that wait for it share it.
#[derive(Clone, Debug)]
pub(crate) struct Refresh(watch::Receiver<Progress>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    Running,
    Ended(Outcome),
}

/// The result of asking for newer keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// No refresh was started; the next one can start after this time.
    CoolingDown(Duration),
    Failed,
    Succeeded,
}

impl Refresh {
    /// Creates a refresh and the sender by which its task reports progress.
    pub(crate) fn begin() -> (watch::Sender<Progress>, Self) {
        let (progress, refresh) = watch::channel(Progress::Running);
        (progress, Self(refresh))
    }

    /// False also if the task is gone without a result, for example with its runtime: then the
    /// sender was dropped.
    pub(crate) fn is_running(&self) -> bool {
        self.0.has_changed().is_ok() && *self.0.borrow() == Progress::Running
    }

    /// Waits for the result.
    pub(crate) async fn outcome(mut self) -> Outcome {
        match self.0.wait_for(|progress| *progress != Progress::Running).await.as_deref() {
            Ok(Progress::Ended(outcome)) => *outcome,
            Ok(Progress::Running) | Err(_) => Outcome::Failed,
        }
    }

    /// Waits for the result, but not longer than the request that needs it.
    pub(crate) async fn outcome_until(self, deadline: Instant) -> Outcome {
        timeout_at(deadline, self.outcome()).await.unwrap_or(Outcome::Failed)
    }
}

/// What is known about refreshes. Requests whose key is held never read this.
#[derive(Default)]
pub(crate) struct RefreshState {
    pub(crate) running: Option<Refresh>,
    pub(crate) started_at: Option<UnixTime>,
    /// When the issuer last published its keys to us.
    pub(crate) confirmed_at: Option<UnixTime>,
    /// The tag of the key set in use.
    pub(crate) tag: Option<Tag>,
    /// The key that the last refresh was started for and did not bring.
    ///
    /// Keys that other requests waited for do not count: they may have been published after the
    /// refresh began. Keys of earlier refreshes do not count either: they may have been published
    /// since.
    pub(crate) absent: Option<Box<str>>,
    pub(crate) failures: u32,
    pub(crate) last_error: Option<Arc<KeysError>>,
    pub(crate) background: Option<JoinHandle<()>>,
    /// The unusable keys that were logged.
    pub(crate) logged: LoggedKeys,
}

impl RefreshState {
    pub(crate) fn running(&self) -> Option<Refresh> {
        self.running.clone().filter(Refresh::is_running)
    }

    /// Whether the issuer is known not to have this key. The issuer may publish it at any time, so
    /// this is only assumed until a new refresh is allowed.
    pub(crate) fn is_known_absent(&self, kid: &str, now: UnixTime) -> bool {
        self.absent.as_deref() == Some(kid) && self.cooling_down(now).is_some()
    }

    /// The remaining cool-down.
    pub(crate) fn cooling_down(&self, now: UnixTime) -> Option<Duration> {
        // If the clock was set back, the cool-down must not become longer.
        let started_at = self.started_at.filter(|started_at| *started_at <= now)?;
        let rest = COOL_DOWN.saturating_sub(now.since(started_at));
        (!rest.is_zero()).then_some(rest)
    }
}
