//! How old the knowledge of a process about the stored keys can be.

use std::time::Duration;

use arc_swap::ArcSwap;
use scopegate_claims::{Clock, UnixTime};
use tokio::time::Instant;

/// A moment by two clocks.
///
/// The system's clock can be set. The other one stands still while the machine sleeps. The longer
/// of the two times since the moment is used, so that a machine that slept for a week knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    wall: UnixTime,
    steady: Instant,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: Instant::now() }
    }

    fn elapsed_until(&self, now: &Self) -> Duration {
        now.steady.saturating_duration_since(self.steady).max(now.wall.since(self.wall))
    }
}

/// When the keys in memory were last compared with the stored ones.
#[derive(Debug)]
pub(super) struct Confirmed(ArcSwap<Moment>);

impl Confirmed {
    pub(super) fn at(moment: Moment) -> Self {
        Self(ArcSwap::from_pointee(moment))
    }

    /// Records that the keys in memory are those of a moment, which is before they were read.
    pub(super) fn confirm(&self, moment: Moment) {
        self.0.rcu(|known| if known.steady > moment.steady { **known } else { moment });
    }

    /// The time since then.
    pub(super) fn age(&self, clock: &dyn Clock) -> Duration {
        self.0.load().elapsed_until(&Moment::now(clock))
    }
}

#[cfg(test)]
mod tests {
    use scopegate_claims::ManualClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_age_is_the_longer_of_two_times() {
        let clock = ManualClock::at(UnixTime::from_seconds(1_800_000_000));
        let early = Moment::now(&clock);
        let confirmed = Confirmed::at(early);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(confirmed.age(&clock), Duration::from_secs(5));
        clock.advance(Duration::from_secs(60));
        assert_eq!(confirmed.age(&clock), Duration::from_secs(60), "the machine slept");
        clock.set(UnixTime::from_seconds(1_000_000_000));
        assert_eq!(confirmed.age(&clock), Duration::from_secs(5), "the clock was set back");
        confirmed.confirm(Moment::now(&clock));
        confirmed.confirm(early);
        assert_eq!(confirmed.age(&clock), Duration::ZERO, "an earlier moment is ignored");
    }
}
