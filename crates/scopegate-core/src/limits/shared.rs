//! Counters that keys share when the table is full.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use scopegate_claims::UnixTime;

use super::counters::Refused;
use super::{Bound, Counters, RetryAfter};

/// The number of shared counters.
const SHARED: usize = 1 << 16;

/// Counters by a key that the caller chooses, such as a login.
///
/// An attacker with many addresses can fill the table with invented keys. That must not lock out
/// other users. So when the table is full, a new key uses one of 65,536 shared counters. A keyed
/// hash, which attackers cannot predict, selects it. A shared counter reaches its bound sooner than
/// the counter of a single key. A key that gets its own counter after the attack starts again at
/// zero.
pub struct SharedCounters {
    own: Counters,
    shared: Counters,
    place: RandomState,
}

/// The counter in which an attempt was counted: the key's own, or a shared one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it is needed to take the attempt back"]
pub struct CountedAt(Place);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Own,
    Shared(usize),
}

impl SharedCounters {
    /// A table in which this many keys have their own counters.
    pub fn with_room_for(counters: usize) -> Self {
        Self {
            own: Counters::with_room_for(counters),
            shared: Counters::with_room_for(SHARED),
            place: RandomState::new(),
        }
    }

    /// Counts one attempt for a key.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if the bound is reached. Then the attempt is not counted.
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

    /// Subtracts one attempt, because it was not judged.
    pub fn take_back(&self, key: &impl Hash, counted: CountedAt) {
        match counted.0 {
            Place::Own => self.own.take_back(key),
            Place::Shared(place) => self.shared.take_back(&place),
        };
    }

    /// Deletes the counter of a key. In a shared counter, only this attempt is taken back.
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

    /// A full table.
    fn full() -> SharedCounters {
        let counters = SharedCounters::with_room_for(8);
        for key in 0..100 {
            let _ = counters.own.admit(&key, THREE, NOW);
        }
        counters
    }

    #[test]
    fn a_full_table_counts_new_keys_and_refuses_them_at_the_bound() {
        let counters = full();
        for _ in 0..3 {
            let counted = counters.admit(&"alice", THREE, NOW).unwrap();
            assert_eq!(counted, CountedAt(Place::Shared(counters.shared_by(&"alice"))));
        }
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
        let place = counters.shared_by(&"alice");
        let other = (1000..).find(|key: &u32| counters.shared_by(key) != place).unwrap();
        assert!(
            counters.admit(&other, THREE, NOW).is_ok(),
            "a key with another shared counter is not affected"
        );
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
        // Deleting the count of one key leaves the other's.
        counters.forget(&"alice", counted);
        assert!(counters.admit(&"alice", THREE, NOW).is_ok());
        assert!(counters.admit(&"alice", THREE, NOW).is_err());
    }

    #[test]
    fn while_there_is_room_a_key_has_its_own_counter() {
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
    fn the_table_has_room_for_all_shared_counters() {
        let counters = full();
        for place in 0..SHARED {
            assert_eq!(counters.shared.admit(&place, THREE, NOW), Ok(()), "{place}");
        }
    }

    #[test]
    fn an_attempt_that_is_taken_back_from_a_shared_counter_does_not_count() {
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
