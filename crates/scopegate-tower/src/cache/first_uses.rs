//! Which tokens were verified once.

use std::collections::HashSet;
use std::mem;

use foldhash::fast::FixedState;

/// The hashes of the tokens that were verified last, in memory that does not grow.
///
/// Two sets take turns: when one is full, the other is emptied and takes the next hashes.
pub(super) struct FirstUses {
    limit: usize,
    recent: HashSet<u64, FixedState>,
    earlier: HashSet<u64, FixedState>,
}

impl FirstUses {
    /// Remembers at least the last `limit` tokens, and at most twice as many.
    pub(super) fn of(limit: usize) -> Self {
        let [recent, earlier] =
            [(); 2].map(|()| HashSet::with_capacity_and_hasher(limit, FixedState::default()));
        Self { limit, recent, earlier }
    }

    /// Notes that a token with this hash was verified. Returns whether it is the first time, as far
    /// as remembered.
    pub(super) fn note(&mut self, hash: u64) -> bool {
        if self.recent.len() >= self.limit {
            mem::swap(&mut self.recent, &mut self.earlier);
            self.recent.clear();
        }
        self.recent.insert(hash) && !self.earlier.contains(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_remembered_while_few_others_are_verified() {
        let mut uses = FirstUses::of(3);
        assert!(uses.note(1) && uses.note(2) && uses.note(3));
        assert!(!uses.note(1) && !uses.note(1));
        assert!(!uses.note(2) && !uses.note(3));
    }

    #[test]
    fn the_last_tokens_are_remembered_and_older_ones_forgotten() {
        let mut uses = FirstUses::of(3);
        let capacity = uses.recent.capacity();
        assert!((1..=100).all(|hash| uses.note(hash)));
        assert!(uses.recent.len() <= 3 && uses.earlier.len() <= 3);
        assert_eq!((uses.recent.capacity(), uses.earlier.capacity()), (capacity, capacity));
        assert!((98..=100).all(|hash| !uses.note(hash)), "the last three");
        assert!(uses.note(94), "more than six others since");
    }
}
