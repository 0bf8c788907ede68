//! A circuit breaker: a hook that failed several times in a row is not called for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The number of failures in a row after which a hook is not called.
const MAX_FAILURES: u32 = 5;

/// How long a hook is not called at first. The time doubles with each call that fails after it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Maximum time for which a hook is not called.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Decides whether a hook is called.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls are made.
    Closed { failures: u32 },
    /// No call is made until then.
    Open { until: Instant, pause: Duration },
    /// One call is made, to try.
    Trying { pause: Duration },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// What a breaker does, for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a breaker has three states")]
pub enum BreakerState {
    /// Calls are made.
    Closed,
    /// One call is made, to try.
    HalfOpen,
    /// No call is made.
    Open,
}

/// The right to make a call. The result must be recorded; a call that is dropped counts as not made.
#[derive(Debug)]
pub(super) struct Pass<'b> {
    breaker: &'b Breaker,
    is_recorded: bool,
}

impl Breaker {
    /// Admits a call. `None` while the hook is not called.
    pub(super) fn admit(&self, now: Instant) -> Option<Pass<'_>> {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => {}
            State::Open { until, pause } if until <= now => *state = State::Trying { pause },
            State::Open { .. } | State::Trying { .. } => return None,
        }
        Some(Pass { breaker: self, is_recorded: false })
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match *self.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } if until <= now => BreakerState::HalfOpen,
            State::Open { .. } => BreakerState::Open,
            State::Trying { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The call was answered.
    pub(super) fn succeeded(mut self) {
        self.is_recorded = true;
        *self.breaker.lock() = State::default();
    }

    /// The call failed. Returns whether the hook is not called from now on.
    pub(super) fn failed(mut self, now: Instant) -> bool {
        self.is_recorded = true;
        let mut state = self.breaker.lock();
        let open = |pause: Duration| State::Open { until: now + pause, pause };
        let next = match *state {
            State::Closed { failures } if failures + 1 < MAX_FAILURES => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } => open(FIRST_PAUSE),
            State::Trying { pause } => open((pause * 2).min(LONGEST_PAUSE)),
            // A call that began before the others failed.
            State::Open { .. } => *state,
        };
        let opens = matches!(next, State::Open { .. }) && !matches!(*state, State::Open { .. });
        *state = next;
        opens
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_recorded {
            return;
        }
        let mut state = self.breaker.lock();
        // Otherwise nobody would ever try again.
        if let State::Trying { pause } = *state {
            *state = State::Open { until: Instant::now(), pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn fail(breaker: &Breaker, now: Instant) -> bool {
        breaker.admit(now).unwrap().failed(now)
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_and_four_do_not() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            assert!(!fail(&breaker, now));
        }
        breaker.admit(now).unwrap().succeeded();
        for _ in 0..4 {
            assert!(!fail(&breaker, now));
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
        assert!(fail(&breaker, now));
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert!(breaker.admit(now).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_pause_one_call_tries_and_decides() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            fail(&breaker, start);
        }
        assert!(breaker.admit(start + Duration::from_millis(999)).is_none());
        let now = after(start, 1);
        assert_eq!(breaker.state(now), BreakerState::HalfOpen);
        let trying = breaker.admit(now).unwrap();
        assert!(breaker.admit(now).is_none(), "only one tries");
        assert!(trying.failed(now));
        // The pause is now 2 s.
        assert!(breaker.admit(after(start, 2)).is_none());
        let now = after(start, 3);
        breaker.admit(now).unwrap().succeeded();
        assert_eq!(breaker.state(now), BreakerState::Closed);
        assert!(!fail(&breaker, now), "the count begins again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_lets_the_next_one_try() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            fail(&breaker, start);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let now = Instant::now();
        drop(breaker.admit(now).unwrap());
        assert!(breaker.admit(now).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_is_thirty_seconds_at_most() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            fail(&breaker, now);
        }
        for _ in 0..10 {
            now += LONGEST_PAUSE;
            assert!(fail(&breaker, now));
        }
        assert!(breaker.admit(now + Duration::from_millis(29_999)).is_none());
        assert!(breaker.admit(now + LONGEST_PAUSE).is_some());
    }
}
