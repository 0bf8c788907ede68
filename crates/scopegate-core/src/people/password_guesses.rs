//! Counts wrong passwords: by address, by login, and by known browser.
//!
//! A guess is counted as wrong before the hash is computed. It stays counted unless
//! [`Guess::was_right`] or [`Guess::take_back`] is called. So a caller who disconnects before the
//! answer does not get a guess that is not counted.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::device_cookie::KnownBrowser;
use crate::directory::User;
use crate::limits::{
    AddressCounters, Bound, CountedAt, Counters, Network, RetryAfter, SharedCounters,
};
use crate::people::passwords::Caller;

/// The time window in which wrong passwords are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Wrong passwords for one login from one address. No larger bound is needed for an IPv6 /48: it
/// would be 160, more than the 100 of [`OF_LOGIN`].
const OF_LOGIN_AT_ADDRESS: Bound = Bound { most: 10, window: WINDOW };

/// Wrong passwords for one login from all addresses. The bound is high, because an attacker who
/// reaches it locks the user out.
const OF_LOGIN: Bound = Bound { most: 100, window: WINDOW };

/// Wrong passwords from one address, for all logins.
const OF_ADDRESS: Bound = Bound { most: 50, window: WINDOW };

/// Wrong passwords from one known browser, for the user who has signed in there before.
const OF_BROWSER: Bound = Bound { most: 10, window: WINDOW };

/// 36 MB when the table is full. Then new addresses of one network share a counter.
const ADDRESSES: usize = 1_000_000;

/// 9 MB when the table is full, which takes 5,000 addresses with 50 guesses each. Then new logins
/// share counters.
const LOGINS: usize = 250_000;

/// 4 MB when the table is full, which takes as many sign-ins. Then a new browser is counted as an
/// unknown one.
const BROWSERS: usize = 100_000;

/// The counters of wrong passwords of one process.
#[derive(Debug)]
pub(crate) struct PasswordGuesses {
    addresses: AddressCounters,
    logins_at_address: SharedCounters,
    logins: SharedCounters,
    browsers: Counters,
}

/// A password that was tried, and is counted as wrong.
pub(crate) struct Guess<'a> {
    guesses: &'a PasswordGuesses,
    address: Option<IpAddr>,
    counted: Counted,
}

/// The counters in which a guess is counted.
enum Counted {
    /// The counter of a known browser, by its id.
    OfBrowser(String),
    /// The counters of the login and the address.
    OfStranger { login: String, at_address: CountedAt, anywhere: CountedAt },
}

impl Default for PasswordGuesses {
    fn default() -> Self {
        Self {
            addresses: AddressCounters::with_room_for(ADDRESSES),
            logins_at_address: SharedCounters::with_room_for(LOGINS),
            logins: SharedCounters::with_room_for(LOGINS),
            browsers: Counters::with_room_for(BROWSERS),
        }
    }
}

impl PasswordGuesses {
    /// Counts a guess as wrong. A browser that is known for the login has its own counter. When
    /// that reaches its bound, the guess is counted like one from an unknown browser.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if a bound is reached. Then the guess is not counted in any table.
    pub(crate) fn admit(
        &self,
        login: &str,
        address: Option<IpAddr>,
        browser: Option<&KnownBrowser>,
        now: UnixTime,
    ) -> Result<Guess<'_>, RetryAfter> {
        let of_browser =
            browser.filter(|browser| self.browsers.admit(&browser.id, OF_BROWSER, now).is_ok());
        let counted = match of_browser {
            Some(browser) => Counted::OfBrowser(browser.id.clone()),
            None => self.admit_stranger(User::login_key(login), address, now)?,
        };
        Ok(Guess { guesses: self, address, counted })
    }

    fn admit_stranger(
        &self,
        login: String,
        address: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<Counted, RetryAfter> {
        if let Some(address) = address {
            self.addresses.admit(address, OF_ADDRESS, now)?;
        }
        let at_address = self
            .logins_at_address
            .admit(&login_at(&login, address), OF_LOGIN_AT_ADDRESS, now)
            .inspect_err(|_| self.take_back_address(address))?;
        let anywhere = self.logins.admit(&login, OF_LOGIN, now).inspect_err(|_| {
            self.logins_at_address.take_back(&login_at(&login, address), at_address);
            self.take_back_address(address);
        })?;
        Ok(Counted::OfStranger { login, at_address, anywhere })
    }

    fn take_back_address(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.addresses.take_back(address);
        }
    }
}

impl Guess<'_> {
    /// The kind of caller, for the queue in which the guess waits for a thread.
    pub(crate) const fn caller(&self) -> Caller {
        match self.counted {
            Counted::OfBrowser(_) => Caller::KnownBrowser(self.address),
            Counted::OfStranger { .. } => Caller::Stranger(self.address),
        }
    }

    /// The password was right. Deletes the wrong guesses before it, except those of the address.
    pub(crate) fn was_right(self) {
        let Self { guesses, address, counted } = self;
        match counted {
            Counted::OfBrowser(id) => guesses.browsers.forget(&id),
            Counted::OfStranger { login, at_address, anywhere } => {
                guesses.logins_at_address.forget(&login_at(&login, address), at_address);
                guesses.logins.forget(&login, anywhere);
                guesses.take_back_address(address);
            }
        }
    }

    /// The server failed to check the password, so the guess does not count.
    pub(crate) fn take_back(self) {
        let Self { guesses, address, counted } = self;
        match counted {
            Counted::OfBrowser(id) => {
                guesses.browsers.take_back(&id);
            }
            Counted::OfStranger { login, at_address, anywhere } => {
                guesses.logins_at_address.take_back(&login_at(&login, address), at_address);
                guesses.logins.take_back(&login, anywhere);
                guesses.take_back_address(address);
            }
        }
    }
}

/// The key for the counter of a login at an address.
fn login_at(login: &str, address: Option<IpAddr>) -> (&str, Option<Network>) {
    (login, address.map(Network::of))
}

#[cfg(test)]
mod tests {
    use scopegate_jose::MasterKey;

    use super::super::device_cookie::DeviceCookie;
    use super::*;
    use crate::catalog::UserId;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn later(seconds: u64) -> UnixTime {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn known_browser() -> KnownBrowser {
        let master_key = MasterKey::generate();
        let cookie = DeviceCookie::new(&UserId::generate(), 0, NOW, &master_key);
        cookie.open(&master_key, NOW).unwrap()
    }

    /// How many of 100 guesses are admitted.
    fn admitted(guesses: &PasswordGuesses, login: &str, address: Option<IpAddr>) -> usize {
        (0..100).filter(|_| guesses.admit(login, address, None, NOW).is_ok()).count()
    }

    #[test]
    fn a_guess_that_is_dropped_stays_counted() {
        let guesses = PasswordGuesses::default();
        for _ in 0..10 {
            drop(guesses.admit("alice", at("192.0.2.1"), None, NOW).unwrap());
        }
        let wait = guesses.admit("Alice", at("192.0.2.1"), None, later(60)).err().unwrap();
        assert_eq!(wait.seconds(), 840);
    }

    #[test]
    fn a_guess_that_is_taken_back_counts_in_no_table() {
        let guesses = PasswordGuesses::default();
        for _ in 0..1000 {
            guesses.admit("alice", at("192.0.2.1"), None, NOW).unwrap().take_back();
        }
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.1")), 10);
        for address in 2..11 {
            assert_eq!(admitted(&guesses, "alice", at(&format!("192.0.2.{address}"))), 10);
        }
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.11")), 0, "100 in all");
        assert_eq!(admitted(&guesses, "bob", at("192.0.2.1")), 10);
    }

    #[test]
    fn a_guess_that_one_table_refuses_counts_in_no_other() {
        let guesses = PasswordGuesses::default();
        // At each of ten addresses 90 guesses are refused for the login at the address. At the
        // eleventh, 100 are refused for the login from all addresses.
        for address in 1..=10 {
            assert_eq!(admitted(&guesses, "alice", at(&format!("192.0.2.{address}"))), 10);
        }
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.11")), 0);
        for address in [1, 11] {
            let address = at(&format!("192.0.2.{address}"));
            let others = (0..100).filter(|other| {
                guesses.admit(&format!("user-{other}"), address, None, NOW).is_ok() //
            });
            let own = if address == at("192.0.2.1") { 10 } else { 0 };
            assert_eq!(others.count(), 50 - own);
        }
        // The address has reached its bound. Guesses that it refuses do not count for the login.
        assert_eq!(admitted(&guesses, "carol", at("192.0.2.11")), 0);
        for address in 12..22 {
            assert_eq!(admitted(&guesses, "carol", at(&format!("192.0.2.{address}"))), 10);
        }
    }

    #[test]
    fn a_right_guess_deletes_the_wrong_ones_of_the_login_and_not_those_of_the_address() {
        let guesses = PasswordGuesses::default();
        let address = at("192.0.2.1");
        let wrong = |login: &str| guesses.admit(login, address, None, NOW).map(drop);
        for _ in 0..5 {
            for _ in 0..9 {
                wrong("alice").unwrap();
            }
            guesses.admit("alice", address, None, NOW).unwrap().was_right();
        }
        for _ in 0..5 {
            wrong("bob").unwrap();
        }
        assert!(wrong("bob").is_err(), "50 wrong ones from the address");
    }

    #[test]
    fn a_known_browser_has_its_own_counter() {
        let guesses = PasswordGuesses::default();
        let (alice, address) = (known_browser(), at("192.0.2.1"));
        let known = |now| guesses.admit("alice", address, Some(&alice), now);
        // Unknown browsers reach the bounds of the login and of the address.
        for other in 1..=10 {
            admitted(&guesses, "alice", at(&format!("192.0.2.{other}")));
        }
        for other in 0..50 {
            let _ = guesses.admit(&format!("user-{other}"), address, None, NOW);
        }
        assert!(guesses.admit("alice", address, None, NOW).is_err());
        for _ in 0..10 {
            assert!(matches!(known(NOW).unwrap().caller(), Caller::KnownBrowser(_)));
        }
        assert!(known(NOW).is_err(), "the bounds of unknown browsers apply");
        assert!(known(later(899)).is_err());
        assert!(known(later(900)).is_ok());
        known(later(900)).unwrap().was_right();
        for _ in 0..10 {
            assert!(matches!(known(later(901)).unwrap().caller(), Caller::KnownBrowser(_)));
        }
    }

    #[test]
    fn a_known_browser_that_has_reached_its_bound_is_counted_as_unknown() {
        let guesses = PasswordGuesses::default();
        let (alice, address) = (known_browser(), at("192.0.2.1"));
        let known = || guesses.admit("alice", address, Some(&alice), NOW);
        for _ in 0..10 {
            assert!(matches!(known().unwrap().caller(), Caller::KnownBrowser(_)));
        }
        for _ in 0..10 {
            assert!(matches!(known().unwrap().caller(), Caller::Stranger(_)));
        }
        assert!(known().is_err());
        assert_eq!(admitted(&guesses, "alice", address), 0, "it was counted as unknown");
    }

    #[test]
    fn ipv6_is_counted_by_64_and_by_48_bits() {
        let guesses = PasswordGuesses::default();
        let mut login = 0;
        let mut guess = |address: &str| {
            login += 1;
            guesses.admit(&format!("user-{login}"), at(address), None, NOW).is_ok()
        };
        let of_subnet = (0..100).filter(|host| guess(&format!("2001:db8:1::{host}")));
        assert_eq!(of_subnet.count(), 50);
        let of_site = (0..1000).filter(|subnet| guess(&format!("2001:db8:2:{subnet:x}::1")));
        assert_eq!(of_site.count(), 16 * 50);
        assert!(guess("2001:db8:3::1"), "another /48 is not affected");
    }

    #[test]
    fn a_flood_from_1000_networks_locks_no_other_user_out() {
        let guesses = PasswordGuesses::default();
        for site in 0..1000 {
            let address = at(&format!("2001:db8:{site:x}::1"));
            let flood = (0..60).filter(|number| {
                let login = format!("user-{site}-{number}");
                guesses.admit(&login, address, None, NOW).is_ok()
            });
            assert_eq!(flood.count(), 50);
        }
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.1")), 10);
        assert_eq!(admitted(&guesses, "bob", at("2001:db8:ffff::1")), 10);
    }

    #[test]
    fn full_tables_of_logins_refuse_no_new_address() {
        let full = PasswordGuesses {
            logins_at_address: SharedCounters::with_room_for(8),
            logins: SharedCounters::with_room_for(8),
            ..PasswordGuesses::default()
        };
        for number in 0..100 {
            let address = at(&format!("198.51.100.{number}"));
            assert!(full.admit(&format!("user-{number}"), address, None, NOW).is_ok());
        }
        // Alice's counters may be shared with some of these.
        assert!(admitted(&full, "alice", at("192.0.2.1")) >= 5);
        for address in 2..20 {
            admitted(&full, "alice", at(&format!("192.0.2.{address}")));
        }
        assert_eq!(admitted(&full, "alice", at("192.0.2.20")), 0, "the bound of the login holds");
    }

    #[test]
    fn a_full_table_of_addresses_refuses_new_addresses_of_a_network_and_no_known_browser() {
        let full = PasswordGuesses {
            addresses: AddressCounters::with_room_for(8),
            ..PasswordGuesses::default()
        };
        // The first addresses have their own counters. All others share one, with a bound of 800.
        for host in 0..2000 {
            let address = at(&format!("198.51.{}.{}", host / 250, host % 250));
            let _ = full.admit(&format!("user-{host}"), address, None, NOW);
        }
        let new_address = at("198.51.100.1");
        assert!(full.admit("alice", new_address, None, NOW).is_err());
        assert!(full.admit("alice", new_address, Some(&known_browser()), NOW).is_ok());
        assert!(
            full.admit("mallory", at("198.51.0.0"), None, NOW).is_ok(),
            "it has its own counter"
        );
        assert!(full.admit("alice", at("192.0.2.1"), None, NOW).is_ok(), "another network");
        assert!(full.admit("alice", new_address, None, later(900)).is_ok());
    }

    #[test]
    fn without_room_a_known_browser_is_counted_as_unknown() {
        let full =
            PasswordGuesses { browsers: Counters::with_room_for(8), ..PasswordGuesses::default() };
        for _ in 0..100 {
            let _ = full.browsers.admit(&known_browser().id, OF_BROWSER, NOW);
        }
        let guess = full.admit("alice", at("192.0.2.1"), Some(&known_browser()), NOW).unwrap();
        assert!(matches!(guess.caller(), Caller::Stranger(_)));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_no_user_out_for_longer_than_a_window() {
        let guesses = PasswordGuesses::default();
        for _ in 0..10 {
            assert!(guesses.admit("alice", at("192.0.2.1"), None, later(3600)).is_ok());
        }
        let wait = guesses.admit("alice", at("192.0.2.1"), None, NOW).err().unwrap();
        assert_eq!(wait.duration(), WINDOW);
        assert!(guesses.admit("alice", at("192.0.2.1"), None, later(900)).is_ok());
    }

    #[test]
    fn a_right_guess_deletes_the_wrong_ones_of_the_login_from_all_addresses() {
        let guesses = PasswordGuesses::default();
        for address in 1..=9 {
            assert_eq!(admitted(&guesses, "alice", at(&format!("192.0.2.{address}"))), 10);
        }
        // Ten guesses are left: nine are wrong, and one is right.
        let last = at("192.0.2.10");
        for _ in 0..9 {
            assert!(guesses.admit("alice", last, None, NOW).is_ok());
        }
        guesses.admit("ALICE", last, None, NOW).unwrap().was_right();
        assert_eq!(admitted(&guesses, "alice", last), 10, "at this address");
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.11")), 10, "at another one");
        assert_eq!(
            admitted(&guesses, "alice", at("192.0.2.1")),
            0,
            "other addresses keep their counts"
        );
    }

    #[test]
    fn a_guess_of_a_known_browser_that_is_taken_back_does_not_count() {
        let guesses = PasswordGuesses::default();
        let (alice, address) = (known_browser(), at("192.0.2.1"));
        for _ in 0..100 {
            let guess = guesses.admit("alice", address, Some(&alice), NOW).unwrap();
            assert!(matches!(guess.caller(), Caller::KnownBrowser(from) if from == address));
            guess.take_back();
        }
        assert_eq!(
            admitted(&guesses, "alice", address),
            10,
            "it does not count for the login either"
        );
    }

    #[test]
    fn without_an_address_a_login_is_still_counted() {
        let guesses = PasswordGuesses::default();
        assert_eq!(admitted(&guesses, "alice", None), 10);
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.1")), 10);
        assert_eq!(admitted(&guesses, "bob", None), 10);
    }
}
