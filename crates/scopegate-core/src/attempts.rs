//! Guesses of secrets that people type: so many in a while, and no more.
//!
//! Counted in memory, by each process alone; what is counted is bounded.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::sha256;

/// The most keys that are counted; beyond, the oldest are forgotten.
const MAX_KEYS: usize = 10_000;

/// How often a secret may be guessed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "so many in a while, and nothing else")]
pub struct Bound {
    /// So many guesses may be wrong …
    pub failures: u32,
    /// … within this time, from the first one on.
    pub window: Duration,
}

/// After how long another guess is admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryAfter(Duration);

impl RetryAfter {
    /// How long, at least a second.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

/// Guesses that were wrong, by whom or of what.
///
/// A guess counts as wrong from when it is [admitted](Self::admits) until it is known to be right:
/// many at once are not more than many one after the other.
#[derive(Default)]
pub struct Attempts {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    by_key: HashMap<Key, Count>,
    /// In the order in which counting began. A key that was forgotten meanwhile may still be here.
    oldest: VecDeque<(Key, u64)>,
    begun: u64,
}

/// A part of the SHA-256 of a key: however long a key is, it takes the same room.
type Key = [u8; 16];

struct Count {
    failures: u32,
    since: UnixTime,
    /// Which of all counts that were ever begun.
    number: u64,
}

impl Attempts {
    /// Admits a guess, and counts it as wrong from now on.
    ///
    /// A key says what is guessed or who guesses, with a prefix for its kind, such as `login:alice`.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`] if there were as many as may be. That guess is not counted.
    pub fn admits(&self, key: &str, bound: Bound, now: UnixTime) -> Result<(), RetryAfter> {
        let key = digest(key);
        let mut counted = self.lock();
        if let Some(count) = counted.by_key.get_mut(&key) {
            let ends_at = count.since.plus(bound.window);
            if now < ends_at {
                if count.failures >= bound.failures {
                    return Err(RetryAfter(ends_at.since(now).max(Duration::from_secs(1))));
                }
                count.failures += 1;
                return Ok(());
            }
        }
        counted.begin(key, now);
        Ok(())
    }

    /// The last guess was right: what was counted under the key is forgotten.
    pub fn succeeded(&self, key: &str) {
        self.lock().by_key.remove(&digest(key));
    }

    /// One guess under the key was not wrong, or was never judged; the others stay counted.
    pub fn undone(&self, key: &str) {
        let key = digest(key);
        let mut counted = self.lock();
        let Some(count) = counted.by_key.get_mut(&key) else { return };
        count.failures = count.failures.saturating_sub(1);
        if count.failures == 0 {
            counted.by_key.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn begin(&mut self, key: Key, now: UnixTime) {
        while self.oldest.len() >= MAX_KEYS {
            let Some((oldest, number)) = self.oldest.pop_front() else { break };
            if self.by_key.get(&oldest).is_some_and(|count| count.number == number) {
                self.by_key.remove(&oldest);
            }
        }
        self.begun += 1;
        self.oldest.push_back((key, self.begun));
        self.by_key.insert(key, Count { failures: 1, since: now, number: self.begun });
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("keys", &self.lock().by_key.len()).finish()
    }
}

/// The key under which an address is counted: an IPv6 host has a whole /64.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("address:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn digest(key: &str) -> Key {
    let mut part = Key::default();
    part.copy_from_slice(&sha256(key.as_bytes())[..16]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Bound = Bound { failures: 3, window: Duration::from_secs(60) };

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(1_000 + seconds)
    }

    fn wait(seconds: u64) -> Result<(), RetryAfter> {
        Err(RetryAfter(Duration::from_secs(seconds)))
    }

    #[test]
    fn so_many_guesses_are_admitted_in_a_while() {
        let attempts = Attempts::default();
        for second in [0, 10, 20] {
            assert_eq!(attempts.admits("login:alice", THREE, at(second)), Ok(()));
        }
        assert_eq!(attempts.admits("login:alice", THREE, at(20)), wait(40));
        assert_eq!(attempts.admits("login:alice", THREE, at(59)), wait(1));
        assert_eq!(attempts.admits("login:bob", THREE, at(20)), Ok(()), "others are not meant");
        // The time does not begin again with each guess.
        assert_eq!(attempts.admits("login:alice", THREE, at(60)), Ok(()));
    }

    #[test]
    fn a_right_guess_forgets_the_wrong_ones() {
        let attempts = Attempts::default();
        for _ in 0..3 {
            assert_eq!(attempts.admits("login:alice", THREE, at(0)), Ok(()));
        }
        attempts.succeeded("login:alice");
        for _ in 0..3 {
            assert_eq!(attempts.admits("login:alice", THREE, at(0)), Ok(()));
        }
        assert_eq!(attempts.admits("login:alice", THREE, at(0)), wait(60));
    }

    #[test]
    fn a_guess_that_was_not_judged_does_not_count() {
        let attempts = Attempts::default();
        for _ in 0..10 {
            assert_eq!(attempts.admits("address:192.0.2.1", THREE, at(0)), Ok(()));
            attempts.undone("address:192.0.2.1");
        }
        attempts.undone("address:192.0.2.2");
        for _ in 0..3 {
            assert_eq!(attempts.admits("address:192.0.2.1", THREE, at(0)), Ok(()));
        }
        assert_eq!(attempts.admits("address:192.0.2.1", THREE, at(0)), wait(60));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let attempts = Attempts::default();
        for number in 0..3 * MAX_KEYS {
            let key = format!("login:{number}");
            assert_eq!(attempts.admits(&key, THREE, at(0)), Ok(()));
            // Some are forgotten before their time.
            if number % 3 == 0 {
                attempts.succeeded(&key);
            }
        }
        let counted = attempts.lock();
        assert!(counted.by_key.len() <= MAX_KEYS, "{}", counted.by_key.len());
        assert!(counted.oldest.len() <= MAX_KEYS, "{}", counted.oldest.len());
    }

    #[test]
    fn a_host_of_ipv6_has_many_addresses_and_one_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::7"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
