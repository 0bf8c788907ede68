//! Sets of signature algorithms.

use std::fmt;

use crate::Algorithm;

/// A set of algorithms, such as those that a verifier allows.
///
/// ```
/// use scopegate_jose::{Algorithm, AlgorithmSet};
///
/// let allowed = AlgorithmSet::of(&[Algorithm::Es256, Algorithm::Rs256]);
/// assert!(allowed.contains(Algorithm::Rs256));
/// assert!(!allowed.contains(Algorithm::Ps256));
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// Every algorithm of the closed list.
    pub const fn all() -> Self {
        Self::of(Algorithm::ALL)
    }

    /// The algorithms that verify unless the rules or a key name others: those that a
    /// [`SigningKey`](crate::SigningKey) can have.
    pub const fn usual() -> Self {
        Self::of(Algorithm::SIGNING)
    }

    /// The empty set.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// The set of these algorithms.
    pub const fn of(algorithms: &[Algorithm]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < algorithms.len() {
            bits |= Self::bit(algorithms[index]);
            index += 1;
        }
        Self(bits)
    }

    /// Whether the algorithm is a member.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & Self::bit(algorithm) != 0
    }

    /// Whether every member is also a member of the other set.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The members of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members, in the order of [`Algorithm::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.iter().copied().filter(move |algorithm| self.contains(*algorithm))
    }

    const fn bit(algorithm: Algorithm) -> u16 {
        1 << algorithm as u8
    }
}

impl fmt::Debug for AlgorithmSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        algorithms
            .into_iter()
            .fold(Self::empty(), |set, algorithm| Self(set.0 | Self::bit(algorithm)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_exactly_its_members() {
        for &member in Algorithm::ALL {
            let set = AlgorithmSet::of(&[member]);
            for &other in Algorithm::ALL {
                assert_eq!(set.contains(other), member == other);
            }
            assert!(set.is_subset(AlgorithmSet::all()));
            assert!(!AlgorithmSet::all().is_subset(set));
            assert_eq!(AlgorithmSet::usual().contains(member), member.can_sign());
        }
        assert!(AlgorithmSet::default().is_empty());
        assert_eq!(Algorithm::ALL.iter().copied().collect::<AlgorithmSet>(), AlgorithmSet::all());
        assert_eq!(format!("{:?}", AlgorithmSet::of(&[Algorithm::Rs256])), "{Rs256}");
    }

    #[test]
    fn sets_can_be_combined() {
        let [ab, bc] = [&Algorithm::ALL[..2], &Algorithm::ALL[1..3]].map(AlgorithmSet::of);
        assert_eq!(ab.union(bc), AlgorithmSet::of(&Algorithm::ALL[..3]));
        assert_eq!(ab.intersection(bc), AlgorithmSet::of(&Algorithm::ALL[1..2]));
    }
}
