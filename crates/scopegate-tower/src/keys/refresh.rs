//! One refresh, shared by all who wait for it, and what is remembered of those before.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::UnixTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::KeysError;
use super::download::TIMEOUT;
use super::schedule::COOL_DOWN;
use super::source::Tag;

/// How long a request waits for issuers and keys.
pub(crate) const PATIENCE: Duration = TIMEOUT;

/// A refresh in its own task, shared by all who wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Refresh(watch::Receiver<Progress>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    Running,
    Ended(Outcome),
}

/// What came of asking for newer keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Nothing yet: there will be no refresh for so long.
    CoolingDown(Duration),
    Failed,
    Succeeded,
}

impl Refresh {
    /// A refresh that has begun, and the end that its task holds.
    pub(crate) fn begin() -> (watch::Sender<Progress>, Self) {
        let (progress, refresh) = watch::channel(Progress::Running);
        (progress, Self(refresh))
    }

    /// A task that is gone without a word, as with its runtime, has dropped its end.
    pub(crate) fn is_running(&self) -> bool {
        self.0.has_changed().is_ok() && *self.0.borrow() == Progress::Running
    }

    /// Waits for the end.
    pub(crate) async fn outcome(mut self) -> Outcome {
        match self.0.wait_for(|progress| *progress != Progress::Running).await.as_deref() {
            Ok(Progress::Ended(outcome)) => *outcome,
            Ok(Progress::Running) | Err(_) => Outcome::Failed,
        }
    }

    /// Waits for the end, but not beyond the point where a request gives up.
    pub(crate) async fn outcome_until(self, deadline: Instant) -> Outcome {
        timeout_at(deadline, self.outcome()).await.unwrap_or(Outcome::Failed)
    }
}

/// What is known of the refreshes. Never looked at while the keys are good.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) running: Option<Refresh>,
    pub(crate) started_at: Option<UnixTime>,
    /// When the issuer last said which keys it has.
    pub(crate) confirmed_at: Option<UnixTime>,
    /// The tag of the set in use.
    pub(crate) tag: Option<Tag>,
    /// The key that the last refresh was made for and did not bring.
    ///
    /// Not those of others who waited for it: they may have been published after it began. And not
    /// those of the refreshes before: they may have been published since.
    pub(crate) absent: Option<Box<str>>,
    pub(crate) failures: u32,
    pub(crate) last_error: Option<Arc<KeysError>>,
    pub(crate) background: Option<JoinHandle<()>>,
}

impl State {
    pub(crate) fn running(&self) -> Option<Refresh> {
        self.running.clone().filter(Refresh::is_running)
    }

    /// Whether the issuer does not have this key, as far as can be known: it may publish it at any time,
    /// so that nothing is known once it may be asked again.
    pub(crate) fn is_known_absent(&self, kid: &str, now: UnixTime) -> bool {
        self.absent.as_deref() == Some(kid) && self.cooling_down(now).is_some()
    }

    /// How much of the cool-down is left.
    pub(crate) fn cooling_down(&self, now: UnixTime) -> Option<Duration> {
        // A clock that was set back does not make it longer.
        let started_at = self.started_at.filter(|started_at| *started_at <= now)?;
        let rest = COOL_DOWN.saturating_sub(now.since(started_at));
        (!rest.is_zero()).then_some(rest)
    }
}
