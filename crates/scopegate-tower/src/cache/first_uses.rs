//! Which tokens were verified once.

/// How many hashes a bucket remembers. A bucket is as long as a cache line of 64 bytes.
const PLACES: usize = 8;

/// The hashes of the tokens that were verified last, in memory that does not grow.
///
/// A hash selects a bucket, which remembers the last eight. A token that is forgotten too early is
/// verified once more before it enters the cache.
pub(super) struct FirstUses(Box<[[u64; PLACES]]>);

impl FirstUses {
    /// Two places for each of this many tokens, so that few are forgotten if that many are sent in
    /// turns.
    pub(super) fn of(tokens: usize) -> Self {
        Self(vec![[0; PLACES]; (2 * tokens).div_ceil(PLACES).max(1)].into())
    }

    /// Notes that a token with this hash was verified. Returns whether it is the first time, as far
    /// as remembered.
    pub(super) fn note(&mut self, hash: u64) -> bool {
        let at = hash as usize % self.0.len();
        let bucket = &mut self.0[at];
        if bucket.contains(&hash) {
            return false;
        }
        bucket.rotate_right(1);
        bucket[0] = hash;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_remembers_its_last_eight_hashes() {
        let mut uses = FirstUses::of(4);
        assert!((1..=8).all(|hash| uses.note(hash)));
        assert!((1..=8).all(|hash| !uses.note(hash)), "a repeated note changes nothing");
        assert!(uses.note(9));
        assert!((2..=9).all(|hash| !uses.note(hash)));
        assert!(uses.note(1), "the oldest was forgotten");
    }

    #[test]
    fn a_full_bucket_forgets_nothing_of_another_one() {
        let mut uses = FirstUses::of(8);
        assert!(uses.note(3));
        assert!((1..100).all(|n| uses.note(2 * n)));
        assert!(!uses.note(3));
    }

    #[test]
    fn there_are_two_places_for_each_token() {
        for (tokens, buckets) in [(0, 1), (1, 1), (4, 1), (5, 2), (10_000, 2500)] {
            assert_eq!(FirstUses::of(tokens).0.len(), buckets, "{tokens}");
        }
    }
}
