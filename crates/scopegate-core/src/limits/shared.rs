//! Counters that are shared when there is no room for more.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use scopegate_claims::UnixTime;

use super::counters::Refused;
use super::{Bound, Counters, RetryAfter};

/// How many counters are shared by the keys that find no room for one of their own.
const SHARED: usize = 1 << 16;

/// Counters by a key that is not the address of whoever makes it count, such as a login.
///
/// Strangers choose such keys, so a flood from many networks can fill the table. It must not lock out
/// everybody else: a key that finds no room is counted under one of 65,536 shared counters, chosen by a
/// hash that strangers cannot predict. A shared counter reaches its bound sooner than one of a single
/// key. A key that gets a counter of its own after the flood may reach the bound once more.
pub struct SharedCounters {
    own: Counters,
    shared: Counters,
    place: RandomState,
}

/// Where one was counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it is needed to take back what was counted"]
pub struct CountedAt(Place);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Own,
    Shared(usize),
}

impl SharedCounters {
    /// A table in which this many keys have counters of their own.
    pub fn with_room_for(counters: usize) -> Self {
        Self {
            own: Counters::with_room_for(counters),
            shared: Counters::with_room_for(SHARED),
            place: RandomState::new(),
        }
    }

    /// Counts one more under a key.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if the bound is reached. Then nothing is counted.
    pub fn admit(
        &self,
        key: &impl Hash,
        bound: Bound,
        now: UnixTime,
    ) -> Result<CountedAt, RetryAfter> {
        match self.own.try_admit(key, bound, now) {
            Ok(()) => Ok(CountedAt(Place::Own)),
            Err(Refused::AtBound(wait)) => Err(wait),
            Err(Refused::NoRoom(_)) => {
                let place = self.shared_by(key);
                self.shared.admit(&place, bound, now)?;
                Ok(CountedAt(Place::Shared(place)))
            }
        }
    }

    /// Takes one back that was counted: it was never judged.
    pub fn take_back(&self, key: &impl Hash, counted: CountedAt) {
        match counted.0 {
            Place::Own => self.own.take_back(key),
            Place::Shared(place) => self.shared.take_back(&place),
        };
    }

    /// Forgets what was counted under a key. Of a shared counter only this one is taken back.
    pub fn forget(&self, key: &impl Hash, counted: CountedAt) {
        match counted.0 {
            Place::Own => self.own.forget(key),
            Place::Shared(_) => self.take_back(key, counted),
        }
    }

    fn shared_by(&self, key: &impl Hash) -> usize {
        self.place.hash_one(key) as usize % SHARED
    }
}

impl fmt::Debug for SharedCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCounters").field("own", &self.own).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const THREE: Bound = Bound { most: 3, window: Duration::from_secs(60) };
    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);

    /// A table that has no room left.
    fn full() -> SharedCounters {
        let counters = SharedCounters::with_room_for(8);
        for key in 0..100 {
            let _ = counters.own.admit(&key, THREE, NOW);
        }
        counters
    }

    #[test]
    fn a_full_table_counts_newcomers_and_refuses_them_at_the_bound() {
        let counters = full();
        for _ in 0..3 {
            let counted = counters.admit(&"alice", THREE, NOW).unwrap();
            assert_eq!(counted, CountedAt(Place::Shared(counters.shared_by(&"alice"))));
        }
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
        let place = counters.shared_by(&"alice");
        let other = (1000..).find(|key: &u32| counters.shared_by(key) != place).unwrap();
        assert!(counters.admit(&other, THREE, NOW).is_ok(), "others go on");
    }

    #[test]
    fn keys_that_share_a_counter_are_counted_together() {
        let counters = full();
        let place = counters.shared_by(&"alice");
        let mallory = (1000..).find(|key: &u32| counters.shared_by(key) == place).unwrap();
        for _ in 0..2 {
            assert!(counters.admit(&mallory, THREE, NOW).is_ok());
        }
        let counted = counters.admit(&"alice", THREE, NOW).unwrap();
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
        // What one key is spared leaves the other's count alone.
        counters.forget(&"alice", counted);
        assert!(counters.admit(&"alice", THREE, NOW).is_ok());
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
    }

    #[test]
    fn a_key_with_room_is_counted_alone() {
        let counters = SharedCounters::with_room_for(100);
        for _ in 0..3 {
            assert_eq!(counters.admit(&"alice", THREE, NOW), Ok(CountedAt(Place::Own)));
        }
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
        counters.take_back(&"alice", CountedAt(Place::Own));
        let counted = counters.admit(&"alice", THREE, NOW).unwrap();
        counters.forget(&"alice", counted);
        for _ in 0..3 {
            assert!(counters.admit(&"alice", THREE, NOW).is_ok());
        }
    }

    #[test]
    fn every_shared_counter_has_room() {
        let counters = full();
        for place in 0..SHARED {
            assert_eq!(counters.shared.admit(&place, THREE, NOW), Ok(()), "{place}");
        }
    }

    #[test]
    fn what_is_taken_back_from_a_shared_counter_is_not_counted() {
        let counters = full();
        for _ in 0..100 {
            let counted = counters.admit(&"alice", THREE, NOW).unwrap();
            assert_ne!(counted, CountedAt(Place::Own));
            counters.take_back(&"alice", counted);
        }
        let admitted = (0..100).filter(|_| counters.admit(&"alice", THREE, NOW).is_ok());
        assert_eq!(admitted.count(), 3);
    }
}
