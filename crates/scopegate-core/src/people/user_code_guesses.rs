//! Wrong user codes are counted, by session and by address (RFC 8628 §5.1).
//!
//! A guess is counted before the code is looked for, and stays counted unless somebody says otherwise:
//! whoever hangs up before the answer has guessed all the same.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::UnixTime;

use crate::limits::{AddressCounters, Bound, CountedAt, RetryAfter, SharedCounters};
use crate::store::SessionId;

/// How long wrong codes are counted: as long as a device code lives.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Wrong codes in one session.
const OF_SESSION: Bound = Bound { most: 10, window: WINDOW };

/// Wrong codes from one address, whoever is signed in.
const OF_ADDRESS: Bound = Bound { most: 30, window: WINDOW };

/// 4 MB when it is full. Then newcomers of a network are counted together.
const ADDRESSES: usize = 100_000;

/// 4 MB when it is full, which takes as many sign-ins. Then sessions share counters.
const SESSIONS: usize = 100_000;

/// The wrong user codes of a process.
#[derive(Debug)]
pub(crate) struct UserCodeGuesses {
    addresses: AddressCounters,
    sessions: SharedCounters,
}

/// A guess that is counted as wrong.
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
    /// [`RetryAfter`] if a bound is reached. Then the guess is counted nowhere.
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
    /// It was right, or was not judged, and that is the server's fault.
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
    fn an_address_has_30_in_whatever_sessions_and_what_it_refuses_counts_for_no_session() {
        let guesses = UserCodeGuesses::default();
        let sessions: Vec<_> = (0..100).map(|_| SessionId::generate()).collect();
        let admitted = |session: &&SessionId| guesses.admit(session, at("192.0.2.1"), NOW).is_ok();
        assert_eq!(sessions.iter().filter(admitted).count(), 30);
        let last = &sessions[99];
        let elsewhere = (0..100).filter(|_| guesses.admit(last, at("192.0.2.2"), NOW).is_ok());
        assert_eq!(elsewhere.count(), 10);
        // What the session refused does not count for the address.
        let others = |session: &&SessionId| guesses.admit(session, at("192.0.2.2"), NOW).is_ok();
        assert_eq!(sessions[30..].iter().filter(others).count(), 20);
    }

    #[test]
    fn a_session_may_guess_again_after_ten_minutes_and_without_an_address_too() {
        let (guesses, session) = (UserCodeGuesses::default(), SessionId::generate());
        for _ in 0..10 {
            assert!(guesses.admit(&session, None, NOW).is_ok());
        }
        for (after, is_let) in [(599, false), (600, true)] {
            let now = NOW.plus(Duration::from_secs(after));
            assert_eq!(guesses.admit(&session, None, now).is_ok(), is_let, "{after}");
        }
    }
}
