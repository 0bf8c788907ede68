//! Keys that the issuer is known not to have.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use scopegate_claims::UnixTime;

/// How long a key that was not there is believed not to be there, unless the set changes before.
pub(crate) const ABSENT_FOR: Duration = Duration::from_secs(60);

/// The most that are remembered. The cool-down adds one in 15 seconds, so it is never reached in use.
const MOST: usize = 1000;

/// Names of keys that a refresh was made for and did not bring.
///
/// A refresh is made for one name. Those who merely waited for it may have a key that was published
/// after it began, so nothing is noted of theirs: whoever floods us with names cannot delay a key that
/// is to come.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    /// Hashes, so that no name takes room; with a secret, so that none can stand for another.
    noted: VecDeque<(u64, UnixTime)>,
    secret: RandomState,
}

impl Absent {
    pub(crate) fn note(&mut self, kid: &str, now: UnixTime) {
        if self.noted.len() == MOST {
            self.noted.pop_front();
        }
        self.noted.push_back((self.secret.hash_one(kid), now));
    }

    pub(crate) fn contains(&self, kid: &str, now: UnixTime) -> bool {
        let hash = self.secret.hash_one(kid);
        // A clock that was set back does not make it longer.
        self.noted
            .iter()
            .any(|(known, at)| *known == hash && *at <= now && now.since(*at) < ABSENT_FOR)
    }

    /// The set changed: nothing is known.
    pub(crate) fn clear(&mut self) {
        self.noted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_remembered_for_its_time() {
        let at = UnixTime::from_seconds;
        let mut absent = Absent::default();
        absent.note("k1", at(100));
        assert!(absent.contains("k1", at(100)) && absent.contains("k1", at(159)));
        assert!(!absent.contains("k1", at(160)));
        assert!(!absent.contains("k1", at(99)), "the clock was set back");
        assert!(!absent.contains("k2", at(100)));
        absent.clear();
        assert!(!absent.contains("k1", at(100)));
    }

    #[test]
    fn it_takes_no_more_than_its_room() {
        let now = UnixTime::from_seconds(100);
        let mut absent = Absent::default();
        for number in 0..10_000 {
            absent.note(&format!("k{number}"), now);
        }
        assert_eq!(absent.noted.len(), MOST);
        assert!(absent.contains("k9999", now) && !absent.contains("k0", now));
    }
}
