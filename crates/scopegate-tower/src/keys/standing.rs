//! What a verified token hangs on once its signature has been checked.

use std::sync::atomic::{AtomicU64, Ordering};

use scopegate_claims::UnixTime;

const ENDED: u64 = u64::MAX;

/// Whether the keys of an issuer still stand, in two numbers.
///
/// A token that was verified with the keys of a generation is as good as on that day while
/// [`generation`](Self::generation) is that one: none of the keys was taken back, they are not too old,
/// and the issuer is still trusted. Whoever remembers verified tokens keeps this, and neither the keys
/// nor what renews them.
#[derive(Debug)]
pub(crate) struct Standing {
    generation: AtomicU64,
    /// The second from which the keys are too old to serve.
    stale_at: AtomicU64,
    /// The second from which the issuer must be asked about anew, where it is one of many tenants.
    trusted_until: AtomicU64,
    /// The second of the last use, to tell which tenant is missed least.
    used_at: AtomicU64,
}

impl Standing {
    /// Keys that never get too old.
    pub(crate) const NEVER: u64 = u64::MAX;

    pub(crate) fn new(generation: u64, stale_at: u64) -> Self {
        Self {
            generation: AtomicU64::new(generation),
            stale_at: AtomicU64::new(stale_at),
            trusted_until: AtomicU64::new(Self::NEVER),
            used_at: AtomicU64::new(0),
        }
    }

    /// The generation of the keys, unless they were never had, are too old, or the issuer is no longer
    /// trusted. Takes note that somebody asked.
    pub(crate) fn generation(&self, now: UnixTime) -> Option<u64> {
        let second = now.as_seconds();
        // Written once a second at most, so that threads do not contend for it.
        if self.used_at.load(Ordering::Relaxed) != second {
            self.used_at.store(second, Ordering::Relaxed);
        }
        if second >= self.stale_at.load(Ordering::Acquire) || !self.is_trusted(now) {
            return None;
        }
        let generation = self.generation.load(Ordering::Acquire);
        (generation != ENDED).then_some(generation)
    }

    /// Whether the issuer need not be asked about anew.
    pub(crate) fn is_trusted(&self, now: UnixTime) -> bool {
        now.as_seconds() < self.trusted_until.load(Ordering::Acquire)
    }

    /// The second of the last use.
    pub(crate) fn used_at(&self) -> u64 {
        self.used_at.load(Ordering::Relaxed)
    }

    /// The issuer is trusted until then.
    pub(crate) fn trust_until(&self, until: UnixTime) {
        self.trusted_until.store(until.as_seconds(), Ordering::Release);
    }

    /// There are new keys.
    pub(crate) fn renew(&self, generation: u64) {
        let renew = |now| (now != ENDED).then_some(generation);
        // An issuer that is no longer trusted stays so, whatever a late refresh brings.
        let _ = self.generation.fetch_update(Ordering::AcqRel, Ordering::Acquire, renew);
    }

    /// The keys were confirmed and serve until then.
    pub(crate) fn confirm(&self, stale_at: u64) {
        self.stale_at.store(stale_at, Ordering::Release);
    }

    /// The issuer is no longer trusted.
    pub(crate) fn end(&self) {
        self.generation.store(ENDED, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_an_end() {
        let now = UnixTime::from_seconds(5);
        let standing = Standing::new(1, 10);
        assert_eq!(standing.generation(now), Some(1));
        standing.renew(2);
        assert_eq!(standing.generation(now), Some(2));
        assert_eq!(standing.generation(UnixTime::from_seconds(10)), None, "too old");
        standing.trust_until(UnixTime::from_seconds(5));
        assert_eq!(standing.generation(now), None, "to be asked about anew");
        standing.trust_until(UnixTime::from_seconds(9));
        assert_eq!(standing.generation(now), Some(2));
        assert_eq!(standing.used_at(), 5);
        standing.end();
        standing.renew(3);
        standing.confirm(Standing::NEVER);
        assert_eq!(standing.generation(now), None);
    }
}
