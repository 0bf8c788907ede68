use std::collections::BTreeSet;

/// Random choices that a seed determines (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// True once in `sides` times.
    pub(crate) fn once_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    /// One of these.
    pub(crate) fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.roll(all.len() as u64)).unwrap()]
    }

    /// Some of these names. Each is chosen once in `sides` times.
    pub(crate) fn some_of(&mut self, all: &[&str], sides: u64) -> BTreeSet<String> {
        all.iter().filter(|_| self.once_in(sides)).map(|name| (*name).to_owned()).collect()
    }

    /// About half of these names.
    pub(crate) fn some(&mut self, all: &[&str]) -> BTreeSet<String> {
        self.some_of(all, 2)
    }
}
