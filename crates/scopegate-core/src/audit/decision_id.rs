//! The id of a decision.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// The id of a decision, which is in the response, in the log and in the audit event. It is a UUIDv7
/// (RFC 9562 §5.7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct DecisionId(Uuid);

/// The number of ids that this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Random per process. It makes the ids of two processes different, and hides the number of decisions.
static RANDOM: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Each second, the counter starts at a random number of this many bits. The counter has one bit more.
const START_BITS: u32 = 41;

impl DecisionId {
    /// A new id of this second.
    ///
    /// Ids are unique, even if the clock is set back. Within one process and one second, later ids sort
    /// after earlier ones.
    pub fn at(now: UnixTime) -> Self {
        const START: u64 = (1 << START_BITS) - 1;
        let seconds = now.as_seconds();
        let random = RANDOM.hash_one(seconds);
        // No process makes enough ids to overflow the counter.
        let count = (random & START) + (MADE.fetch_add(1, Ordering::Relaxed) & START);
        let tail = random >> START_BITS;
        // The 74 free bits of a UUIDv7: 42 for the counter, then 32 for the random tail. 12 of these bits
        // are before the variant, 62 after it.
        let (high, low) = ((count >> 30) as u16, (count & ((1 << 30) - 1)) << 32 | tail);
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&high.to_be_bytes());
        bytes[2..].copy_from_slice(&low.to_be_bytes());
        Self(Builder::from_unix_timestamp_millis(seconds * 1000, &bytes).into_uuid())
    }

    /// The smallest possible id of a second. It is greater than all ids of earlier seconds.
    pub fn first_at(second: UnixTime) -> Self {
        Self(Builder::from_unix_timestamp_millis(second.as_seconds() * 1000, &[0; 10]).into_uuid())
    }
}

/// A text is not the id of a decision.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write the id of a decision, such as 01a3185c-5000-7000-8000-000000000000")]
#[non_exhaustive]
pub struct NotADecisionId;

impl std::str::FromStr for DecisionId {
    type Err = NotADecisionId;

    fn from_str(text: &str) -> Result<Self, NotADecisionId> {
        // Only the spelling of `Display` is stored, so no other spelling can be found.
        let id = Uuid::parse_str(text).map_err(|_| NotADecisionId)?;
        if id.get_version_num() == 7 { Ok(Self(id)) } else { Err(NotADecisionId) }
    }
}

impl std::fmt::Display for DecisionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    #[test]
    fn an_id_is_a_uuid_with_its_second() {
        for now in [UnixTime::from_seconds(0), NOW, UnixTime::MAX] {
            let DecisionId(id) = DecisionId::at(now);
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(id.get_timestamp().unwrap().to_unix(), (now.as_seconds(), 0));
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_shown_and_other_uuids_are_no_ids() {
        let id = DecisionId::at(NOW);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for other in ["", "42", "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
            assert_eq!(other.parse::<DecisionId>(), Err(NotADecisionId), "{other}");
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones_across_threads() {
        let mut last = DecisionId::at(NOW);
        for _ in 0..20 {
            let racing: Vec<_> = (0..4)
                .map(|_| thread::spawn(|| Vec::from_iter((0..500).map(|_| DecisionId::at(NOW)))))
                .collect();
            let made: Vec<_> = racing.into_iter().map(|thread| thread.join().unwrap()).collect();
            for ids in &made {
                assert!(ids.is_sorted() && ids[0] > last, "{last}");
            }
            last = DecisionId::at(NOW);
            assert!(made.iter().flatten().all(|id| *id < last));
        }
        assert!(DecisionId::at(NOW.plus(Duration::from_secs(1))) > last);
    }

    #[test]
    fn the_first_id_of_a_second_is_between_the_ids_of_the_second_before_and_its_own() {
        let second = Duration::from_secs(1);
        for now in [UnixTime::from_seconds(1), NOW, UnixTime::MAX] {
            let first = DecisionId::first_at(now);
            assert!(DecisionId::at(now.minus(second)) < first && first < DecisionId::at(now));
            let later = DecisionId::first_at(now).to_string();
            assert!(DecisionId::at(now.minus(second)).to_string() < later, "text order too");
        }
        let first = DecisionId::first_at(NOW).to_string();
        assert_eq!(first, "01a3185c-5000-7000-8000-000000000000");
    }

    #[test]
    fn ids_are_unique_even_if_the_clock_is_set_back() {
        let before = NOW.minus(Duration::from_secs(3600));
        let times = [NOW, before, NOW, before, NOW];
        let ids: Vec<_> = times.iter().map(|now| DecisionId::at(*now)).collect();
        assert_eq!(BTreeSet::from_iter(&ids).len(), times.len());
        assert!(ids[0] < ids[2] && ids[2] < ids[4] && ids[1] < ids[3] && ids[3] < ids[0]);
    }
}
