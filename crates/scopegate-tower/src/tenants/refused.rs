//! Issuers that the resolver did not accept, or whose lookup failed.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use scopegate_claims::UnixTime;

/// The maximum number of entries; the oldest is evicted.
const MOST: usize = 1000;

/// Why an issuer is refused without a new lookup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    /// The lookup failed.
    Failed,
    /// There is no such tenant.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Noted {
    issuer: u64,
    why: Why,
    at: UnixTime,
}

/// The remembered issuers, as hashes, so that long names take no memory. The hashes are keyed with
/// a secret, so that nobody can choose two names with the same hash.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    noted: VecDeque<Noted>,
    secret: RandomState,
}

impl Why {
    /// How long the entry is valid.
    const fn time(self) -> Duration {
        match self {
            Self::Failed => Duration::from_secs(5),
            Self::Unknown => Duration::from_secs(60),
        }
    }
}

impl Refused {
    pub(crate) fn note(&mut self, issuer: &str, why: Why, at: UnixTime) {
        let issuer = self.secret.hash_one(issuer);
        self.noted.retain(|noted| noted.issuer != issuer);
        if self.noted.len() == MOST {
            self.noted.pop_front();
        }
        self.noted.push_back(Noted { issuer, why, at });
    }

    /// Why an issuer is refused, and for how much longer.
    pub(crate) fn find(&self, issuer: &str, now: UnixTime) -> Option<(Why, Duration)> {
        let issuer = self.secret.hash_one(issuer);
        let noted = self.noted.iter().find(|noted| noted.issuer == issuer)?;
        // If the clock was set back, the entry must not last longer.
        let rest = noted.why.time().saturating_sub(now.since(noted.at));
        (noted.at <= now && !rest.is_zero()).then_some((noted.why, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_issuers_are_remembered_for_a_time_per_reason() {
        let at = UnixTime::from_seconds;
        let mut refused = Refused::default();
        refused.note("a", Why::Unknown, at(100));
        refused.note("b", Why::Failed, at(100));
        assert_eq!(refused.find("a", at(159)), Some((Why::Unknown, Duration::from_secs(1))));
        assert_eq!(refused.find("a", at(160)), None);
        assert_eq!(refused.find("b", at(104)), Some((Why::Failed, Duration::from_secs(1))));
        assert_eq!(refused.find("b", at(105)), None);
        assert_eq!(refused.find("a", at(99)), None, "the clock was set back");
        refused.note("b", Why::Unknown, at(110));
        assert_eq!(refused.find("b", at(110)).map(|(why, _)| why), Some(Why::Unknown));
    }

    #[test]
    fn at_most_1000_refused_issuers_are_remembered() {
        let now = UnixTime::from_seconds(100);
        let mut refused = Refused::default();
        for number in 0..5_000 {
            refused.note(&number.to_string(), Why::Unknown, now);
        }
        assert_eq!(refused.noted.len(), MOST);
        assert!(refused.find("4999", now).is_some() && refused.find("0", now).is_none());
    }
}
