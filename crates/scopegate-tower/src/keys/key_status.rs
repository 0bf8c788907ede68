//! What the validity of a verified token depends on after its signature was checked.

use std::sync::atomic::{AtomicU64, Ordering};

use scopegate_claims::UnixTime;

const ENDED: u64 = u64::MAX;

/// Whether the keys of an issuer are still valid, as a few numbers.
///
/// A token that was verified with the keys of a generation stays valid while
/// [`generation`](Self::generation) returns the same number: no key was withdrawn, the keys are not
/// too old, and the issuer is still trusted. The cache of verified tokens holds this, and not the
/// keys or the task that refreshes them.
#[derive(Debug)]
pub(crate) struct KeyStatus {
    generation: AtomicU64,
    /// The Unix time, in seconds, from which the keys are too old to be used.
    stale_at: AtomicU64,
    /// The Unix time, in seconds, until which the issuer is trusted; it is a tenant and must then
    /// be resolved again.
    trusted_until: AtomicU64,
    /// The Unix time, in seconds, of the last use; decides which tenant is evicted.
    used_at: AtomicU64,
}

impl KeyStatus {
    /// For keys that never become too old.
    pub(crate) const NEVER: u64 = u64::MAX;

    pub(crate) fn new(generation: u64, stale_at: u64) -> Self {
        Self {
            generation: AtomicU64::new(generation),
            stale_at: AtomicU64::new(stale_at),
            trusted_until: AtomicU64::new(Self::NEVER),
            used_at: AtomicU64::new(0),
        }
    }

    /// The generation of the keys, unless they were never read, are too old, or the issuer is no
    /// longer trusted. Records the time of this use.
    pub(crate) fn generation(&self, now: UnixTime) -> Option<u64> {
        let second = now.as_seconds();
        // Written at most once a second, so that threads do not contend for it.
        if self.used_at.load(Ordering::Relaxed) != second {
            self.used_at.store(second, Ordering::Relaxed);
        }
        if second >= self.stale_at.load(Ordering::Acquire) || !self.is_trusted(now) {
            return None;
        }
        let generation = self.generation.load(Ordering::Acquire);
        (generation != ENDED).then_some(generation)
    }

    /// Whether the issuer is still trusted without being resolved again.
    pub(crate) fn is_trusted(&self, now: UnixTime) -> bool {
        now.as_seconds() < self.trusted_until.load(Ordering::Acquire)
    }

    /// The Unix time, in seconds, of the last use.
    pub(crate) fn used_at(&self) -> u64 {
        self.used_at.load(Ordering::Relaxed)
    }

    /// Trusts the issuer until this time.
    pub(crate) fn trust_until(&self, until: UnixTime) {
        self.trusted_until.store(until.as_seconds(), Ordering::Release);
    }

    /// Announces new keys.
    pub(crate) fn renew(&self, generation: u64) {
        let renew = |now| (now != ENDED).then_some(generation);
        // If the issuer is no longer trusted, a late refresh must not change that.
        let _ = self.generation.fetch_update(Ordering::AcqRel, Ordering::Acquire, renew);
    }

    /// The issuer confirmed the keys; they may be used until this second.
    pub(crate) fn confirm(&self, stale_at: u64) {
        self.stale_at.store(stale_at, Ordering::Release);
    }

    /// Ends the trust in the issuer.
    pub(crate) fn end(&self) {
        self.generation.store(ENDED, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_key_status_stays_ended() {
        let now = UnixTime::from_seconds(5);
        let key_status = KeyStatus::new(1, 10);
        assert_eq!(key_status.generation(now), Some(1));
        key_status.renew(2);
        assert_eq!(key_status.generation(now), Some(2));
        assert_eq!(key_status.generation(UnixTime::from_seconds(10)), None, "too old");
        key_status.trust_until(UnixTime::from_seconds(5));
        assert_eq!(key_status.generation(now), None, "to be asked about anew");
        key_status.trust_until(UnixTime::from_seconds(9));
        assert_eq!(key_status.generation(now), Some(2));
        assert_eq!(key_status.used_at(), 5);
        key_status.end();
        key_status.renew(3);
        key_status.confirm(KeyStatus::NEVER);
        assert_eq!(key_status.generation(now), None);
    }
}
