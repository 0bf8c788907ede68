//! Logs the keys of an issuer that cannot be used, each once.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, RandomState};

use scopegate_jose::{KeyProblem, MAX_KEYS, SetAside};

/// The maximum number of events that are remembered; the oldest is forgotten.
///
/// One document can cause this many: one for each of its first 1,024 entries, and one for those
/// after them. With a lower bound, every refresh of such a document would log all of it again.
const MAX_REMEMBERED: usize = 2 * MAX_KEYS + 1;

/// The maximum length of a `kid` in the log, in characters.
const MAX_KID_LEN: usize = 64;

/// The unusable keys that were logged, so that a refresh does not log them again.
///
/// They are remembered as hashes, so that long names take no memory.
#[derive(Debug, Default)]
pub(crate) struct LoggedKeys {
    hashes: VecDeque<u64>,
    secret: RandomState,
}

impl LoggedKeys {
    /// Logs the keys that were not logged before with the same problem.
    pub(crate) fn log(&mut self, issuer: &str, keys: &[SetAside]) {
        for key in keys.iter().filter(|key| key.problem != KeyProblem::TooManyKeys) {
            let SetAside { index, kid, problem, .. } = key;
            // A key without a `kid` is known by its place.
            let place = kid.is_none().then_some(index);
            if self.is_new((kid, place, problem.to_string())) {
                let kid = kid.as_ref().map(|kid| kid.chars().take(MAX_KID_LEN).collect::<String>());
                tracing::warn!(issuer, kid, index, "a key of the issuer is not used: {problem}");
            }
        }
        let are_too_many = keys.iter().any(|key| key.problem == KeyProblem::TooManyKeys);
        if are_too_many && self.is_new("too many keys") {
            tracing::warn!(
                issuer,
                "the key set has more than {MAX_KEYS} keys; those after them are not used"
            );
        }
    }

    /// Whether a key was not logged before. From now on it was.
    fn is_new(&mut self, key: impl Hash) -> bool {
        let hash = self.secret.hash_one(key);
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() == MAX_REMEMBERED {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use scopegate_jose::KeySet;

    use super::*;

    #[test]
    fn a_key_is_new_once_and_the_memory_is_bounded() {
        let mut logged = LoggedKeys::default();
        assert!(logged.is_new("a") && logged.is_new("b"));
        assert!(!logged.is_new("a") && !logged.is_new("b"));
        for number in 0..MAX_REMEMBERED {
            assert!(logged.is_new(number));
        }
        assert_eq!(logged.hashes.len(), MAX_REMEMBERED);
        assert!(!logged.is_new(0_usize), "the newest are remembered");
        assert!(logged.is_new("a"), "the oldest is forgotten");
    }

    #[test]
    fn everything_that_one_document_causes_is_remembered() {
        let entries = vec!["{}"; 2 * MAX_KEYS + 2].join(",");
        let document = format!(r#"{{"keys":[{entries}]}}"#);
        let set_aside = KeySet::parse(document.as_bytes()).unwrap().set_aside;
        let mut logged = LoggedKeys::default();
        logged.log("https://id.example.com", &set_aside);
        let first = logged.hashes.clone();
        assert_eq!(first.len(), 2 * MAX_KEYS + 1);
        logged.log("https://id.example.com", &set_aside);
        assert_eq!(logged.hashes, first, "nothing is logged again");
    }
}
