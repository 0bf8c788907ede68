//! Issuers that the resolver did not accept, or whose lookup failed.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use scopegate_claims::UnixTime;

/// The maximum number of entries; the oldest is evicted.
const MAX_ENTRIES: usize = 1000;

/// Why an issuer is refused without a new lookup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// The lookup failed.
    Failed,
    /// There is no such tenant.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    issuer: u64,
    reason: Reason,
    at: UnixTime,
}

/// The remembered issuers, as hashes, so that long names take no memory. The hashes are keyed with
/// a secret, so that nobody can choose two names with the same hash.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    entries: VecDeque<Entry>,
    secret: RandomState,
}

impl Reason {
    /// How long the entry is valid.
    const fn time(self) -> Duration {
        match self {
            Self::Failed => Duration::from_secs(5),
            Self::Unknown => Duration::from_secs(60),
        }
    }
}

impl Refused {
    pub(crate) fn remember(&mut self, issuer: &str, reason: Reason, at: UnixTime) {
        let issuer = self.secret.hash_one(issuer);
        self.entries.retain(|entry| entry.issuer != issuer);
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { issuer, reason, at });
    }

    /// Why an issuer is refused, and for how much longer.
    pub(crate) fn find(&self, issuer: &str, now: UnixTime) -> Option<(Reason, Duration)> {
        let issuer = self.secret.hash_one(issuer);
        let entry = self.entries.iter().find(|entry| entry.issuer == issuer)?;
        // If the clock was set back, the entry must not last longer.
        let rest = entry.reason.time().saturating_sub(now.since(entry.at));
        (entry.at <= now && !rest.is_zero()).then_some((entry.reason, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_issuers_are_remembered_for_a_time_per_reason() {
        let at = UnixTime::from_seconds;
        let mut refused = Refused::default();
        refused.remember("a", Reason::Unknown, at(100));
        refused.remember("b", Reason::Failed, at(100));
        assert_eq!(refused.find("a", at(159)), Some((Reason::Unknown, Duration::from_secs(1))));
        assert_eq!(refused.find("a", at(160)), None);
        assert_eq!(refused.find("b", at(104)), Some((Reason::Failed, Duration::from_secs(1))));
        assert_eq!(refused.find("b", at(105)), None);
        assert_eq!(refused.find("a", at(99)), None, "the clock was set back");
        refused.remember("b", Reason::Unknown, at(110));
        assert_eq!(refused.find("b", at(110)).map(|(reason, _)| reason), Some(Reason::Unknown));
    }

    #[test]
    fn at_most_1000_refused_issuers_are_remembered() {
        let now = UnixTime::from_seconds(100);
        let mut refused = Refused::default();
        for number in 0..5_000 {
            refused.remember(&number.to_string(), Reason::Unknown, now);
        }
        assert_eq!(refused.entries.len(), MAX_ENTRIES);
        assert!(refused.find("4999", now).is_some() && refused.find("0", now).is_none());
    }
}
