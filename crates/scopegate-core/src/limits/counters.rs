//! A table of counters with a fixed size.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::{Bound, RetryAfter};

/// The number of counters in a set.
const SET: usize = 8;

/// Counters by key, up to a fixed number.
///
/// A key has a place in one of two sets of eight counters. A keyed hash, which attackers cannot
/// predict, selects the sets, and a new counter goes to the set with more free places. So every
/// operation looks at 16 places at most. The place of a counter whose window has ended is free for
/// the next new key.
///
/// The table reserves 36 bytes for each counter that it has room for. The operating system provides
/// the memory when it is first used.
pub struct Counters {
    place: RandomState,
    tag: RandomState,
    sets: Mutex<Box<[Set]>>,
}

type Set = [Counter; SET];

/// A counter. Its place is free if its window has ended. It is an array of numbers, and all zeros
/// if it is free, because only then does `vec!` reserve memory without using it.
type Counter = [u64; 3];

/// The index of the end of the window, in seconds since 1970.
const ENDS_AT: usize = 0;

/// The index of a 64-bit keyed hash of the key. It represents the key, so that all keys take 8
/// bytes.
const TAG: usize = 1;

/// The index of the number that is counted.
const COUNT: usize = 2;

const FREE: Counter = [0; 3];

/// Why an attempt is not counted.
pub(super) enum Refused {
    /// The bound is reached.
    AtBound(RetryAfter),
    /// The table has no room for a new counter.
    NoRoom(RetryAfter),
}

impl Counters {
    /// A table with room for this many counters.
    pub fn with_room_for(counters: usize) -> Self {
        // Half as many more places, because sets fill unevenly.
        let sets = (counters + counters / 2).div_ceil(SET).max(1);
        Self {
            place: RandomState::new(),
            tag: RandomState::new(),
            sets: Mutex::new(vec![[FREE; SET]; sets].into()),
        }
    }

    /// Counts one attempt for a key.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if the bound is reached, or if the table has no room for a new counter. Then
    /// the attempt is not counted.
    pub fn admit(&self, key: &impl Hash, bound: Bound, now: UnixTime) -> Result<(), RetryAfter> {
        self.try_admit(key, bound, now).map_err(|refused| match refused {
            Refused::AtBound(wait) | Refused::NoRoom(wait) => wait,
        })
    }

    /// Like [`admit`](Self::admit), with an error that tells a full table from a reached bound.
    pub(super) fn try_admit(
        &self,
        key: &impl Hash,
        bound: Bound,
        now: UnixTime,
    ) -> Result<(), Refused> {
        let now_seconds = now.as_seconds();
        let ends_at = now.plus(bound.window).as_seconds();
        let until = |ends_at: u64| {
            RetryAfter::new(Duration::from_secs(ends_at.saturating_sub(now_seconds)))
        };
        if bound.most == 0 {
            return Err(Refused::AtBound(until(ends_at)));
        }
        let (tag, mut sets) = (self.tag.hash_one(key), self.lock());
        let places = self.places(key, sets.len());
        if let Some(counter) = find(&mut sets, places, tag)
            && now_seconds < counter[ENDS_AT]
        {
            // If the clock was set back, the rest of the window may be longer than a new window: cut it.
            counter[ENDS_AT] = counter[ENDS_AT].min(ends_at);
            if counter[COUNT] >= u64::from(bound.most) {
                return Err(Refused::AtBound(until(counter[ENDS_AT])));
            }
            counter[COUNT] += 1;
            return Ok(());
        }
        let free = |set: &Set| set.iter().filter(|counter| counter[ENDS_AT] <= now_seconds).count();
        let [first, second] = places;
        let roomier = if free(&sets[second]) > free(&sets[first]) { second } else { first };
        let new = [ends_at, tag, 1];
        // The place that the key already has, or else a free place in the set with more room.
        let place = match find(&mut sets, places, tag) {
            Some(own) => own,
            None => {
                let mut set = sets[roomier].iter_mut();
                match set.find(|counter| counter[ENDS_AT] <= now_seconds) {
                    Some(free) => free,
                    None => {
                        let taken = places.iter().flat_map(|&place| &sets[place]);
                        let soonest = taken.map(|counter| counter[ENDS_AT]).min();
                        let soonest = soonest.unwrap_or(ends_at).min(ends_at);
                        return Err(Refused::NoRoom(until(soonest)));
                    }
                }
            }
        };
        *place = new;
        Ok(())
    }

    /// Subtracts one attempt, because it was not judged. Returns whether the key has a counter.
    pub fn take_back(&self, key: &impl Hash) -> bool {
        let (tag, mut sets) = (self.tag.hash_one(key), self.lock());
        let places = self.places(key, sets.len());
        let Some(counter) = find(&mut sets, places, tag) else { return false };
        counter[COUNT] = counter[COUNT].saturating_sub(1);
        if counter[COUNT] == 0 {
            *counter = FREE;
        }
        true
    }

    /// The number of attempts that are counted for a key now.
    pub fn count(&self, key: &impl Hash, now: UnixTime) -> u32 {
        let (tag, mut sets) = (self.tag.hash_one(key), self.lock());
        let places = self.places(key, sets.len());
        let counter = find(&mut sets, places, tag);
        let running = counter.filter(|counter| now.as_seconds() < counter[ENDS_AT]);
        running.map_or(0, |counter| u32::try_from(counter[COUNT]).unwrap_or(u32::MAX))
    }

    /// Deletes the counter of a key.
    pub fn forget(&self, key: &impl Hash) {
        let (tag, mut sets) = (self.tag.hash_one(key), self.lock());
        let places = self.places(key, sets.len());
        if let Some(counter) = find(&mut sets, places, tag) {
            *counter = FREE;
        }
    }

    /// The indices of the two sets in which a key can have its place.
    fn places(&self, key: &impl Hash, sets: usize) -> [usize; 2] {
        let hash = self.place.hash_one(key);
        let place = |half: u64| (half & 0xffff_ffff) as usize % sets;
        [place(hash), place(hash >> 32)]
    }

    fn lock(&self) -> MutexGuard<'_, Box<[Set]>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(sets: &mut [Set], places: [usize; 2], tag: u64) -> Option<&mut Counter> {
    let set = places.into_iter().find(|&place| {
        sets[place].iter().any(|counter| counter[COUNT] > 0 && counter[TAG] == tag)
    })?;
    sets[set].iter_mut().find(|counter| counter[COUNT] > 0 && counter[TAG] == tag)
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").field("places", &(self.lock().len() * SET)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THREE: Bound = Bound { most: 3, window: Duration::from_secs(60) };
    const ONE: Bound = Bound { most: 1, ..THREE };

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(1_000_000 + seconds)
    }

    fn wait(seconds: u64) -> Result<(), RetryAfter> {
        Err(RetryAfter::new(Duration::from_secs(seconds)))
    }

    #[test]
    fn a_bound_holds_from_the_first_attempt_to_the_end_of_the_window() {
        let counters = Counters::with_room_for(100);
        for second in [0, 10, 20] {
            assert_eq!(counters.admit(&"alice", THREE, at(second)), Ok(()));
        }
        assert_eq!(counters.admit(&"alice", THREE, at(20)), wait(40));
        assert_eq!(counters.admit(&"alice", THREE, at(59)), wait(1));
        assert_eq!(counters.admit(&"bob", THREE, at(20)), Ok(()), "another key");
        assert_eq!(counters.admit(&"alice", THREE, at(60)), Ok(()), "a new window");
    }

    #[test]
    fn a_deleted_counter_starts_again_and_an_attempt_that_is_taken_back_does_not_count() {
        let counters = Counters::with_room_for(100);
        for _ in 0..3 {
            assert_eq!(counters.admit(&"alice", THREE, at(0)), Ok(()));
        }
        counters.take_back(&"alice");
        counters.take_back(&"bob");
        assert_eq!(counters.admit(&"alice", THREE, at(0)), Ok(()));
        assert_eq!(counters.admit(&"alice", THREE, at(0)), wait(60));
        counters.forget(&"alice");
        assert_eq!(counters.admit(&"alice", THREE, at(0)), Ok(()));
    }

    #[test]
    fn a_count_can_be_read_until_the_window_ends() {
        let counters = Counters::with_room_for(100);
        assert_eq!(counters.count(&"alice", at(0)), 0);
        assert_eq!(counters.admit(&"alice", THREE, at(0)), Ok(()));
        assert_eq!(counters.admit(&"alice", THREE, at(1)), Ok(()));
        assert_eq!(counters.count(&"alice", at(59)), 2);
        assert_eq!(counters.count(&"bob", at(59)), 0);
        assert_eq!(counters.count(&"alice", at(60)), 0);
    }

    #[test]
    fn a_bound_of_zero_admits_nothing() {
        let none = Bound { most: 0, ..THREE };
        assert_eq!(Counters::with_room_for(100).admit(&"alice", none, at(0)), wait(60));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_no_key_out_for_longer_than_a_window() {
        let counters = Counters::with_room_for(100);
        for _ in 0..3 {
            assert_eq!(counters.admit(&"alice", THREE, at(3600)), Ok(()));
        }
        assert_eq!(counters.admit(&"alice", THREE, at(0)), wait(60));
        assert_eq!(counters.admit(&"alice", THREE, at(59)), wait(1));
        assert_eq!(counters.admit(&"alice", THREE, at(60)), Ok(()));
    }

    #[test]
    fn a_full_table_refuses_new_keys_and_keeps_every_running_counter() {
        let counters = Counters::with_room_for(1000);
        let admitted: Vec<u32> =
            (0..20_000).filter(|key| counters.admit(key, ONE, at(0)).is_ok()).collect();
        assert!((1000..=1504).contains(&admitted.len()), "{}", admitted.len());
        for key in &admitted {
            assert_eq!(counters.admit(key, ONE, at(59)), wait(1), "{key} is still counted");
        }
        assert_eq!(counters.admit(&"new", ONE, at(0)), wait(60));
        assert_eq!(counters.admit(&"new", ONE, at(60)), Ok(()), "windows have ended");
    }

    #[test]
    fn a_million_counters_fit_into_64_mebibytes() {
        let counters = Counters::with_room_for(1_000_000);
        let bytes = counters.lock().len() * size_of::<Set>();
        assert!(bytes <= 64 << 20, "{bytes}");
        let refused = (0..1_000_000u32).filter(|key| counters.admit(key, ONE, at(0)).is_err());
        assert_eq!(refused.count(), 0);
    }

    proptest! {
        /// For any sequence of operations on a few keys, the table admits what an unbounded map
        /// would.
        #[test]
        fn the_table_counts_like_an_unbounded_map(
            steps in prop::collection::vec((0u8..4, 0u8..3, 0u64..30), 0..200),
        ) {
            let counters = Counters::with_room_for(100);
            let mut model = std::collections::HashMap::<u8, (u32, u64)>::new();
            let mut now = 0;
            for (key, step, later) in steps {
                now += later;
                match step {
                    0 => {
                        let (count, ends_at) = model.entry(key).or_insert((0, now + 60));
                        if now >= *ends_at {
                            (*count, *ends_at) = (0, now + 60);
                        }
                        let expected = if *count < 3 { *count += 1; Ok(()) } else { wait(*ends_at - now) };
                        prop_assert_eq!(counters.admit(&key, THREE, at(now)), expected);
                    }
                    1 => {
                        counters.take_back(&key);
                        if let Some((count, _)) = model.get_mut(&key) {
                            *count = count.saturating_sub(1);
                            if *count == 0 { model.remove(&key); }
                        }
                    }
                    _ => {
                        counters.forget(&key);
                        model.remove(&key);
                    }
                }
            }
        }
    }

    #[test]
    fn taking_one_attempt_back_leaves_the_others_counted() {
        let counters = Counters::with_room_for(100);
        assert!(!counters.take_back(&"alice"), "there is no counter");
        for _ in 0..3 {
            assert_eq!(counters.admit(&"alice", THREE, at(0)), Ok(()));
        }
        assert!(counters.take_back(&"alice"));
        assert_eq!(counters.count(&"alice", at(0)), 2);
        assert!(counters.take_back(&"alice") && counters.take_back(&"alice"));
        assert_eq!(counters.count(&"alice", at(0)), 0);
        assert!(!counters.take_back(&"alice"), "the place is free again");
    }

    #[test]
    fn deleting_or_taking_back_for_one_key_does_not_change_another() {
        let counters = Counters::with_room_for(8);
        for key in ["alice", "bob", "carol"] {
            assert_eq!(counters.admit(&key, THREE, at(0)), Ok(()));
        }
        counters.forget(&"alice");
        counters.take_back(&"bob");
        let counts = ["alice", "bob", "carol", "nobody"].map(|key| counters.count(&key, at(0)));
        assert_eq!(counts, [0, 0, 1, 0]);
    }

    #[test]
    fn a_new_window_of_a_key_uses_the_same_place() {
        let counters = Counters::with_room_for(8);
        for window in 0..100 {
            for _ in 0..3 {
                assert_eq!(counters.admit(&"alice", THREE, at(window * 60)), Ok(()));
            }
            assert_eq!(counters.admit(&"alice", THREE, at(window * 60 + 59)), wait(1));
        }
        let places = counters.lock().iter().flatten().filter(|place| **place != FREE).count();
        assert_eq!(places, 1);
    }

    #[test]
    fn a_table_has_half_as_many_more_places_and_at_least_one_set() {
        for (room, sets) in [(0, 1), (1, 1), (8, 2), (16, 3), (1000, 188)] {
            assert_eq!(Counters::with_room_for(room).lock().len(), sets, "{room}");
        }
    }

    #[test]
    fn without_room_the_wait_ends_when_the_first_place_is_free() {
        let counters = Counters::with_room_for(1);
        for key in 0..8 {
            assert_eq!(counters.admit(&key, ONE, at(key)), Ok(()));
        }
        assert_eq!(counters.admit(&"late", ONE, at(10)), wait(50));
        // If the bound of the new key has a shorter window, the wait is at most that window.
        let short = Bound { most: 1, window: Duration::from_secs(5) };
        assert_eq!(counters.admit(&"late", short, at(10)), wait(5));
        assert_eq!(counters.admit(&"late", ONE, at(60)), Ok(()), "the first window is over");
        assert_eq!(counters.admit(&"later", ONE, at(60)), wait(1));
    }
}
