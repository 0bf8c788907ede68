//! Limits on what unauthenticated callers can make the server do: a maximum per time window.
//!
//! Counters are kept in memory, and each process has its own. A [`Counters`] table has a fixed
//! size, so that many callers cannot use up the memory. A counter whose window has not ended is
//! never removed: when the table is full, new keys are refused, and keys that have a counter are
//! not affected. But a new key need not belong to the attacker who fills the table. Where that
//! matters, new keys share counters instead: by network ([`AddressCounters`]), or by a hash of the
//! key ([`SharedCounters`]).

mod counters;
mod network;
mod polls;
mod requests;
mod shared;

use std::time::Duration;

pub use self::counters::Counters;
pub use self::network::{AddressCounters, Network};
pub use self::polls::{Polls, TooSoon};
pub use self::requests::RequestLimits;
pub(crate) use self::requests::{Stored, StrangersRequests, TooManyRequests};
pub use self::shared::{CountedAt, SharedCounters};

/// A maximum number per time window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a bound is a number and a window")]
pub struct Bound {
    /// The maximum number in one window.
    pub most: u32,
    /// The length of a window. A window begins with the first one that is counted in it.
    pub window: Duration,
}

impl Bound {
    /// The same window with `factor` times the maximum.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { most: self.most.saturating_mul(factor), window: self.window }
    }
}

/// The time until another attempt is admitted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RetryAfter(Duration);

impl RetryAfter {
    /// A wait of this length, but at least 1 second.
    pub fn new(wait: Duration) -> Self {
        Self(wait.max(Duration::from_secs(1)))
    }

    /// The time to wait: at least 1 second.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// The time to wait in whole seconds, rounded up, for `Retry-After` (RFC 9110 §10.2.3).
    pub fn seconds(self) -> u32 {
        u32::try_from(self.0.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds_and_is_at_least_one() {
        let millis = |millis| RetryAfter::new(Duration::from_millis(millis));
        for (wait, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (60_000, 60)] {
            assert_eq!(millis(wait).seconds(), seconds, "{wait}");
        }
        assert_eq!(millis(1).duration(), Duration::from_secs(1));
        assert_eq!(RetryAfter::new(Duration::MAX).seconds(), u32::MAX);
    }

    #[test]
    fn a_larger_bound_has_the_same_window() {
        let bound = Bound { most: 3, window: Duration::from_secs(60) };
        assert_eq!(bound.times(16), Bound { most: 48, ..bound });
        assert_eq!(bound.times(u32::MAX).most, u32::MAX);
    }
}
