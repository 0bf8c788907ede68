//! Wrong passwords are counted: by address, by login, and by browsers that are known.
//!
//! A guess is counted before anything is computed, and stays counted unless somebody says otherwise:
//! whoever hangs up before the answer has guessed all the same.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::device_cookie::KnownBrowser;
use crate::directory::User;
use crate::limits::{
    AddressCounters, Bound, CountedAt, Counters, Network, RetryAfter, SharedCounters,
};
use crate::people::passwords::Caller;

/// How long wrong passwords are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Wrong passwords for one login from one address. The 160 of an IPv6 /48 are more than the 100 from
/// wherever.
const OF_LOGIN_THERE: Bound = Bound { most: 10, window: WINDOW };

/// Wrong passwords for one login from wherever: strangers do not soon lock a user out.
const OF_LOGIN: Bound = Bound { most: 100, window: WINDOW };

/// Wrong passwords from one address, whosever they are.
const OF_ADDRESS: Bound = Bound { most: 50, window: WINDOW };

/// Wrong passwords in one browser, for the user who has signed in there before.
const OF_BROWSER: Bound = Bound { most: 10, window: WINDOW };

/// 36 MB when it is full. Then newcomers of a network are counted together.
const ADDRESSES: usize = 1_000_000;

/// 9 MB when it is full, which takes 5,000 addresses with 50 guesses each. Then logins share counters.
const LOGINS: usize = 250_000;

/// 4 MB. Each took a sign-in, and who finds no room is counted as a stranger.
const BROWSERS: usize = 100_000;

/// The wrong passwords of a process.
#[derive(Debug)]
pub(crate) struct PasswordGuesses {
    addresses: AddressCounters,
    logins_there: SharedCounters,
    logins: SharedCounters,
    browsers: Counters,
}

/// A guess that is counted as wrong.
pub(crate) struct Guess<'a> {
    guesses: &'a PasswordGuesses,
    address: Option<IpAddr>,
    counted: Counted,
}

/// Where it is counted.
enum Counted {
    /// For a known browser, by its id.
    OfBrowser(String),
    OfStranger {
        login: String,
        there: CountedAt,
        anywhere: CountedAt,
    },
}

impl Default for PasswordGuesses {
    fn default() -> Self {
        Self {
            addresses: AddressCounters::with_room_for(ADDRESSES),
            logins_there: SharedCounters::with_room_for(LOGINS),
            logins: SharedCounters::with_room_for(LOGINS),
            browsers: Counters::with_room_for(BROWSERS),
        }
    }
}

impl PasswordGuesses {
    /// Counts a guess as wrong. A browser that is known for the login has a count of its own; when that
    /// is used up, it is counted as a stranger.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if a bound is reached. Then the guess is counted nowhere.
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
        let there = self
            .logins_there
            .admit(&login_at(&login, address), OF_LOGIN_THERE, now)
            .inspect_err(|_| self.take_back_address(address))?;
        let anywhere = self.logins.admit(&login, OF_LOGIN, now).inspect_err(|_| {
            self.logins_there.take_back(&login_at(&login, address), there);
            self.take_back_address(address);
        })?;
        Ok(Counted::OfStranger { login, there, anywhere })
    }

    fn take_back_address(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.addresses.take_back(address);
        }
    }
}

impl Guess<'_> {
    /// How it waits for a thread.
    pub(crate) const fn caller(&self) -> Caller {
        match self.counted {
            Counted::OfBrowser(_) => Caller::KnownBrowser(self.address),
            Counted::OfStranger { .. } => Caller::Stranger(self.address),
        }
    }

    /// It was right: the wrong ones before it are forgotten, except those of the address.
    pub(crate) fn was_right(self) {
        let Self { guesses, address, counted } = self;
        match counted {
            Counted::OfBrowser(id) => guesses.browsers.forget(&id),
            Counted::OfStranger { login, there, anywhere } => {
                guesses.logins_there.forget(&login_at(&login, address), there);
                guesses.logins.forget(&login, anywhere);
                guesses.take_back_address(address);
            }
        }
    }

    /// It was not judged, and that is the server's fault.
    pub(crate) fn take_back(self) {
        let Self { guesses, address, counted } = self;
        match counted {
            Counted::OfBrowser(id) => {
                guesses.browsers.take_back(&id);
            }
            Counted::OfStranger { login, there, anywhere } => {
                guesses.logins_there.take_back(&login_at(&login, address), there);
                guesses.logins.take_back(&login, anywhere);
                guesses.take_back_address(address);
            }
        }
    }
}

/// A login at an address: by what it is counted.
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

    /// How many of a hundred guesses are admitted.
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
    fn what_one_table_refuses_counts_in_no_other() {
        let guesses = PasswordGuesses::default();
        // Ninety are refused for the login there, and a hundred for the login from wherever.
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
        // The address is full now, and what it refuses does not count for the login.
        assert_eq!(admitted(&guesses, "carol", at("192.0.2.11")), 0);
        for address in 12..22 {
            assert_eq!(admitted(&guesses, "carol", at(&format!("192.0.2.{address}"))), 10);
        }
    }

    #[test]
    fn a_right_guess_forgets_the_wrong_ones_of_the_login_and_not_those_of_the_address() {
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
    fn a_known_browser_is_judged_by_its_own_count() {
        let guesses = PasswordGuesses::default();
        let (alice, address) = (known_browser(), at("192.0.2.1"));
        let mine = |now| guesses.admit("alice", address, Some(&alice), now);
        // Strangers use up what the login and the address have.
        for other in 1..=10 {
            admitted(&guesses, "alice", at(&format!("192.0.2.{other}")));
        }
        for other in 0..50 {
            let _ = guesses.admit(&format!("user-{other}"), address, None, NOW);
        }
        assert!(guesses.admit("alice", address, None, NOW).is_err());
        for _ in 0..10 {
            assert!(matches!(mine(NOW).unwrap().caller(), Caller::KnownBrowser(_)));
        }
        assert!(mine(NOW).is_err(), "now it is a stranger");
        assert!(mine(later(899)).is_err());
        assert!(mine(later(900)).is_ok());
        mine(later(900)).unwrap().was_right();
        for _ in 0..10 {
            assert!(matches!(mine(later(901)).unwrap().caller(), Caller::KnownBrowser(_)));
        }
    }

    #[test]
    fn a_known_browser_that_has_used_up_its_count_is_counted_as_a_stranger() {
        let guesses = PasswordGuesses::default();
        let (alice, address) = (known_browser(), at("192.0.2.1"));
        let mine = || guesses.admit("alice", address, Some(&alice), NOW);
        for _ in 0..10 {
            assert!(matches!(mine().unwrap().caller(), Caller::KnownBrowser(_)));
        }
        for _ in 0..10 {
            assert!(matches!(mine().unwrap().caller(), Caller::Stranger(_)));
        }
        assert!(mine().is_err());
        assert_eq!(admitted(&guesses, "alice", address), 0, "it was counted with strangers");
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
        assert!(guess("2001:db8:3::1"), "others go on");
    }

    #[test]
    fn a_flood_from_a_thousand_networks_locks_nobody_else_out() {
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
    fn full_tables_of_logins_refuse_no_address_that_is_not_counted() {
        let full = PasswordGuesses {
            logins_there: SharedCounters::with_room_for(8),
            logins: SharedCounters::with_room_for(8),
            ..PasswordGuesses::default()
        };
        for number in 0..100 {
            let address = at(&format!("198.51.100.{number}"));
            assert!(full.admit(&format!("user-{number}"), address, None, NOW).is_ok());
        }
        // Her counters may be shared with some of these.
        assert!(admitted(&full, "alice", at("192.0.2.1")) >= 5);
        for address in 2..20 {
            admitted(&full, "alice", at(&format!("192.0.2.{address}")));
        }
        assert_eq!(admitted(&full, "alice", at("192.0.2.20")), 0, "the bound of the login holds");
    }

    #[test]
    fn a_full_table_of_addresses_refuses_newcomers_and_no_known_browser() {
        let full = PasswordGuesses {
            addresses: AddressCounters::with_room_for(8),
            ..PasswordGuesses::default()
        };
        // The first ones are counted by themselves, 800 others together.
        for host in 0..2000 {
            let address = at(&format!("198.51.{}.{}", host / 250, host % 250));
            let _ = full.admit(&format!("user-{host}"), address, None, NOW);
        }
        let newcomer = at("198.51.100.1");
        assert!(full.admit("alice", newcomer, None, NOW).is_err());
        assert!(full.admit("alice", newcomer, Some(&known_browser()), NOW).is_ok());
        assert!(full.admit("mallory", at("198.51.0.0"), None, NOW).is_ok(), "it is counted");
        assert!(full.admit("alice", at("192.0.2.1"), None, NOW).is_ok(), "another network");
        assert!(full.admit("alice", newcomer, None, later(900)).is_ok());
    }

    #[test]
    fn a_full_table_of_browsers_makes_them_strangers() {
        let full =
            PasswordGuesses { browsers: Counters::with_room_for(8), ..PasswordGuesses::default() };
        for _ in 0..100 {
            let _ = full.browsers.admit(&known_browser().id, OF_BROWSER, NOW);
        }
        let guess = full.admit("alice", at("192.0.2.1"), Some(&known_browser()), NOW).unwrap();
        assert!(matches!(guess.caller(), Caller::Stranger(_)));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_longer_than_a_window() {
        let guesses = PasswordGuesses::default();
        for _ in 0..10 {
            assert!(guesses.admit("alice", at("192.0.2.1"), None, later(3600)).is_ok());
        }
        let wait = guesses.admit("alice", at("192.0.2.1"), None, NOW).err().unwrap();
        assert_eq!(wait.duration(), WINDOW);
        assert!(guesses.admit("alice", at("192.0.2.1"), None, later(900)).is_ok());
    }

    #[test]
    fn a_right_guess_of_a_stranger_forgets_the_wrong_ones_of_the_login_from_wherever() {
        let guesses = PasswordGuesses::default();
        for address in 1..=9 {
            assert_eq!(admitted(&guesses, "alice", at(&format!("192.0.2.{address}"))), 10);
        }
        // Of the ten that are left, nine are wrong and one is right.
        let there = at("192.0.2.10");
        for _ in 0..9 {
            assert!(guesses.admit("alice", there, None, NOW).is_ok());
        }
        guesses.admit("ALICE", there, None, NOW).unwrap().was_right();
        assert_eq!(admitted(&guesses, "alice", there), 10, "there");
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.11")), 10, "anywhere");
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.1")), 0, "elsewhere it is as it was");
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
        assert_eq!(admitted(&guesses, "alice", address), 10, "nor for the login");
    }

    #[test]
    fn without_an_address_a_login_is_counted_all_the_same() {
        let guesses = PasswordGuesses::default();
        assert_eq!(admitted(&guesses, "alice", None), 10);
        assert_eq!(admitted(&guesses, "alice", at("192.0.2.1")), 10);
        assert_eq!(admitted(&guesses, "bob", None), 10);
    }
}
