//! How often a device may ask whether it was let in (RFC 8628 §3.5).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::{Bound, Counters};

/// How much longer a device waits each time that it asked too soon (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// How long it is remembered that a device asked too soon: longer than its code lives.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// About how many devices are remembered.
const ROOM: usize = 32_768;

/// When devices asked last, and how often too soon.
///
/// It is kept in memory, by each process alone: a device that waits shall not write a row every few
/// seconds. After a restart, or at another node, a device may ask once without having waited. That
/// gives it nothing but the answer that it must wait. Without room a device is told to slow down; once
/// a person has decided, no device waits.
pub struct Polls {
    asked: Counters,
    too_soon: Counters,
    /// One at a time: a poll looks at both.
    turn: Mutex<()>,
}

/// The device asks too soon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct TooSoon;

impl Default for Polls {
    fn default() -> Self {
        Self {
            asked: Counters::with_room_for(ROOM),
            too_soon: Counters::with_room_for(ROOM),
            turn: Mutex::default(),
        }
    }
}

impl Polls {
    /// A device asks, which waits so long between two questions unless it asked too soon before.
    ///
    /// # Errors
    ///
    /// [`TooSoon`] if it did not wait. From then on it must wait five seconds more.
    pub fn ask(&self, device: &[u8; 32], interval: Duration, now: UnixTime) -> Result<(), TooSoon> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = interval.saturating_add(SLOWER.saturating_mul(self.too_soon.count(device, now)));
        let once_in = |window| Bound { most: 1, window };
        if self.asked.admit(device, once_in(wait), now).is_ok() {
            return Ok(());
        }
        // Without room to remember it, the wait stays as long as it was.
        let longer = self.too_soon.admit(device, Bound { most: u32::MAX, window: REMEMBERED }, now);
        let wait = longer.map_or(wait, |()| wait.saturating_add(SLOWER));
        // It waits from now on, not from its question before.
        self.asked.forget(device);
        let _ = self.asked.admit(device, once_in(wait), now);
        Err(TooSoon)
    }
}

impl fmt::Debug for Polls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polls").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn who_asks_too_soon_waits_five_seconds_more_from_then_on() {
        let (polls, device) = (Polls::default(), [1; 32]);
        assert_eq!(polls.ask(&device, FIVE, at(0)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(5)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(9)), Err(TooSoon));
        // From now on it is ten seconds, and after the next time fifteen.
        assert_eq!(polls.ask(&device, FIVE, at(18)), Err(TooSoon));
        assert_eq!(polls.ask(&device, FIVE, at(33)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(48)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(62)), Err(TooSoon));
        assert_eq!(polls.ask(&[2; 32], FIVE, at(62)), Ok(()), "another device");
    }

    #[test]
    fn without_room_a_device_is_told_to_slow_down() {
        let polls = Polls {
            asked: Counters::with_room_for(8),
            too_soon: Counters::with_room_for(8),
            turn: Mutex::default(),
        };
        let admitted = (0..100).filter(|n| polls.ask(&[*n; 32], FIVE, at(0)).is_ok()).count();
        assert!((8..=24).contains(&admitted), "{admitted}");
        assert_eq!(polls.ask(&[100; 32], FIVE, at(0)), Err(TooSoon));
        assert_eq!(polls.ask(&[100; 32], FIVE, at(5)), Ok(()), "windows have ended");
    }

    #[test]
    fn it_is_remembered_for_a_quarter_of_an_hour_who_asked_too_soon() {
        for (after, waited) in [(899, Err(TooSoon)), (900, Ok(()))] {
            let (polls, device) = (Polls::default(), [1; 32]);
            assert_eq!(polls.ask(&device, FIVE, at(0)), Ok(()));
            assert_eq!(polls.ask(&device, FIVE, at(0)), Err(TooSoon));
            assert_eq!(polls.ask(&device, FIVE, at(after)), Ok(()));
            // Ten seconds as long as it is remembered.
            assert_eq!(polls.ask(&device, FIVE, at(after + 5)), waited, "{after}");
        }
    }
}
