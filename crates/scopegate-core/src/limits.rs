//! Limits on what strangers can make the server do: at most so many in a time window.
//!
//! Counters live in memory, in each process alone. A [`Counters`] table has a fixed size, so that
//! memory is bounded however many strangers come. A counter that is still running is never displaced:
//! when there is no room for a new one, the newcomer is refused and everyone who is already counted
//! goes on. The newcomer may be somebody else than the stranger who fills the table. So newcomers share
//! counters instead where that matters: by their network ([`AddressCounters`]), or by a hash of the key
//! ([`SharedCounters`]).

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

/// At most so many in a time window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a limit is a number and a window")]
pub struct Bound {
    /// How many are admitted in one window.
    pub most: u32,
    /// How long a window lasts. It begins with the first that is counted.
    pub window: Duration,
}

impl Bound {
    /// The same window with `factor` times as many.
    #[must_use]
    pub const fn times(self, factor: u32) -> Self {
        Self { most: self.most.saturating_mul(factor), window: self.window }
    }
}

/// After how long another one is admitted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RetryAfter(Duration);

impl RetryAfter {
    /// A wait of this long, and of a second at least.
    pub fn new(wait: Duration) -> Self {
        Self(wait.max(Duration::from_secs(1)))
    }

    /// How long to wait: a second at least.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// The same in whole seconds, rounded up, as `Retry-After` is written (RFC 9110 §10.2.3).
    pub fn seconds(self) -> u32 {
        u32::try_from(self.0.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_is_one_at_least() {
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
