//! Counts wrong user codes, by session and by address (RFC 8628 §5.1).
//!
//! A guess is counted as wrong before the code is looked up. It stays counted unless
//! [`Guess::take_back`] is called. So a caller who disconnects before the answer does not get a
//! guess that is not counted.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::UnixTime;

use crate::limits::{AddressCounters, Bound, CountedAt, RetryAfter, SharedCounters};
use crate::store::SessionId;

/// The time window in which wrong codes are counted: the lifetime of a device code.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Wrong codes in one session.
const OF_SESSION: Bound = Bound { most: 10, window: WINDOW };

/// Wrong codes from one address, in all sessions.
const OF_ADDRESS: Bound = Bound { most: 30, window: WINDOW };

/// 4 MB when the table is full. Then new addresses of one network share a counter.
const ADDRESSES: usize = 100_000;

/// 4 MB when the table is full, which takes as many sign-ins. Then new sessions share counters.
const SESSIONS: usize = 100_000;

/// The counters of wrong user codes of one process.
#[derive(Debug)]
pub(crate) struct UserCodeGuesses {
    addresses: AddressCounters,
    sessions: SharedCounters,
}

/// A user code that was tried, and is counted as wrong.
pub(crate) struct Guess<'a> {
    guesses: &'a UserCodeGuesses,
    address: Option<IpAddr>,
    session: &'a SessionId,
    counted: CountedAt,
}

impl Default for UserCodeGuesses {
    fn default() -> Self {
        Self {
            addresses: AddressCounters::with_room_for(ADDRESSES),
            sessions: SharedCounters::with_room_for(SESSIONS),
        }
    }
}

impl UserCodeGuesses {
    /// Counts a guess as wrong.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if a bound is reached. Then the guess is not counted in any table.
    pub(crate) fn admit<'a>(
        &'a self,
        session: &'a SessionId,
        address: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<Guess<'a>, RetryAfter> {
        if let Some(address) = address {
            self.addresses.admit(address, OF_ADDRESS, now)?;
        }
        let counted = self
            .sessions
            .admit(session, OF_SESSION, now)
            .inspect_err(|_| self.take_back_address(address))?;
        Ok(Guess { guesses: self, address, session, counted })
    }

    fn take_back_address(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.addresses.take_back(address);
        }
    }
}

impl Guess<'_> {
    /// The code was right, or the server failed to check it: the guess does not count.
    pub(crate) fn take_back(self) {
        let Self { guesses, address, session, counted } = self;
        guesses.sessions.take_back(session, counted);
        guesses.take_back_address(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_guess_that_is_dropped_stays_counted() {
        let (guesses, session) = (UserCodeGuesses::default(), SessionId::generate());
        for _ in 0..10 {
            let _dropped = guesses.admit(&session, at("192.0.2.1"), NOW).unwrap();
        }
        let wait = guesses.admit(&session, at("192.0.2.2"), NOW).err().unwrap();
        assert_eq!(wait.duration(), WINDOW);
        assert!(guesses.admit(&session, at("192.0.2.1"), NOW.plus(WINDOW)).is_ok());
    }

    #[test]
    fn a_guess_that_is_taken_back_counts_in_no_table() {
        let (guesses, session) = (UserCodeGuesses::default(), SessionId::generate());
        for _ in 0..100 {
            guesses.admit(&session, at("192.0.2.1"), NOW).unwrap().take_back();
        }
        let admitted = (0..100).filter(|_| guesses.admit(&session, at("192.0.2.1"), NOW).is_ok());
        assert_eq!(admitted.count(), 10);
    }

    #[test]
    fn an_address_has_30_guesses_in_all_sessions_and_a_guess_that_it_refuses_counts_for_no_session()
    {
        let guesses = UserCodeGuesses::default();
        let sessions: Vec<_> = (0..100).map(|_| SessionId::generate()).collect();
        let admitted = |session: &&SessionId| guesses.admit(session, at("192.0.2.1"), NOW).is_ok();
        assert_eq!(sessions.iter().filter(admitted).count(), 30);
        let last = &sessions[99];
        let elsewhere = (0..100).filter(|_| guesses.admit(last, at("192.0.2.2"), NOW).is_ok());
        assert_eq!(elsewhere.count(), 10);
        // A guess that the session refused does not count for the address.
        let others = |session: &&SessionId| guesses.admit(session, at("192.0.2.2"), NOW).is_ok();
        assert_eq!(sessions[30..].iter().filter(others).count(), 20);
    }

    #[test]
    fn a_session_without_an_address_is_counted_too_and_may_guess_again_after_ten_minutes() {
        let (guesses, session) = (UserCodeGuesses::default(), SessionId::generate());
        for _ in 0..10 {
            assert!(guesses.admit(&session, None, NOW).is_ok());
        }
        for (after, is_admitted) in [(599, false), (600, true)] {
            let now = NOW.plus(Duration::from_secs(after));
            assert_eq!(guesses.admit(&session, None, now).is_ok(), is_admitted, "{after}");
        }
    }
}
