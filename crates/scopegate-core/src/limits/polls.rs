//! How often a device may poll the token endpoint (RFC 8628 §3.5).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::{Bound, Counters};

/// How much the interval of a device grows each time that it polls too soon (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// How long it is remembered that a device polled too soon: longer than the lifetime of a device
/// code.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// Room for about this many devices.
const ROOM: usize = 32_768;

/// When each device polled last, and how often it polled too soon.
///
/// This is kept in memory, separately in each process, so that polling does not write a row every
/// few seconds. After a restart, or at another node, a device may poll once before its interval is
/// over. It only learns that it must wait. When the table is full, devices are told to slow down.
/// The limit does not apply after the user has decided.
pub struct Polls {
    asked: Counters,
    too_soon: Counters,
    /// Held during a poll, which reads and changes both tables.
    turn: Mutex<()>,
}

/// The device polls too soon.
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
    /// Counts a poll of a device. The device must wait for `interval` between two polls, and longer
    /// if it polled too soon before.
    ///
    /// # Errors
    ///
    /// [`TooSoon`] if the device did not wait. From then on it must wait 5 seconds longer.
    pub fn ask(&self, device: &[u8; 32], interval: Duration, now: UnixTime) -> Result<(), TooSoon> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = interval.saturating_add(SLOWER.saturating_mul(self.too_soon.count(device, now)));
        let once_in = |window| Bound { most: 1, window };
        if self.asked.admit(device, once_in(wait), now).is_ok() {
            return Ok(());
        }
        // Without room to remember this, the interval stays the same.
        let longer = self.too_soon.admit(device, Bound { most: u32::MAX, window: REMEMBERED }, now);
        let wait = longer.map_or(wait, |()| wait.saturating_add(SLOWER));
        // The interval starts now and not at the previous poll.
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
    fn a_device_that_polls_too_soon_must_wait_five_seconds_longer_from_then_on() {
        let (polls, device) = (Polls::default(), [1; 32]);
        assert_eq!(polls.ask(&device, FIVE, at(0)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(5)), Ok(()));
        assert_eq!(polls.ask(&device, FIVE, at(9)), Err(TooSoon));
        // From now on the interval is 10 seconds, and after the next time 15.
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
