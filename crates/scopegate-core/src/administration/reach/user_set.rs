//! A set of users, by their places in the list of active users.

use std::iter::Zip;
use std::slice::Iter;

/// A set of places. All sets of one list have the same length.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct UserSet(Box<[u64]>);

impl UserSet {
    /// The set without users, of a list with `count` users.
    pub(super) fn empty(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    /// The set of all users of a list with `count` users.
    pub(super) fn all(count: usize) -> Self {
        let mut all = Self(vec![u64::MAX; count.div_ceil(64)].into());
        if let Some(last) = all.0.last_mut()
            && !count.is_multiple_of(64)
        {
            *last = (1 << (count % 64)) - 1;
        }
        all
    }

    pub(super) fn insert(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    #[cfg(test)]
    pub(super) fn contains(&self, place: usize) -> bool {
        self.0[place / 64] & 1 << (place % 64) != 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.pairs(other).all(|(own, other)| own & !other == 0)
    }

    pub(super) fn intersects(&self, other: &Self) -> bool {
        self.pairs(other).any(|(own, other)| own & other != 0)
    }

    /// The users that are in both sets.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(own, other)| own & other).collect())
    }

    /// The users of this set that are not in the other set.
    pub(super) fn difference(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(own, other)| own & !other).collect())
    }

    /// Adds the users of another set. Returns whether any of them is new.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        let mut is_new = false;
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            is_new |= other & !*own != 0;
            *own |= other;
        }
        is_new
    }

    /// The places, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let rests =
                std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)));
            let rests = rests.take_while(|word| *word != 0);
            rests.map(move |word| index * 64 + word.trailing_zeros() as usize)
        })
    }

    fn pairs<'s>(&'s self, other: &'s Self) -> Zip<Iter<'s, u64>, Iter<'s, u64>> {
        self.0.iter().zip(&*other.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(count: usize, places: &BTreeSet<usize>) -> UserSet {
        let mut set = UserSet::empty(count);
        places.iter().for_each(|place| set.insert(*place));
        set
    }

    fn places(set: &UserSet) -> BTreeSet<usize> {
        set.iter().collect()
    }

    #[test]
    fn the_set_of_all_users_has_no_place_beyond_them() {
        for count in [0, 1, 63, 64, 65, 128] {
            assert_eq!(places(&UserSet::all(count)), (0..count).collect(), "{count}");
            assert_eq!(UserSet::all(count).is_empty(), count == 0);
        }
    }

    proptest! {
        #[test]
        fn sets_do_what_sets_of_numbers_do(
            one in prop::collection::btree_set(0_usize..130, 0..6),
            other in prop::collection::btree_set(0_usize..130, 0..6),
        ) {
            let (a, b) = (set(130, &one), set(130, &other));
            prop_assert_eq!(&places(&a), &one);
            prop_assert_eq!(places(&a.intersection(&b)), &one & &other);
            prop_assert_eq!(places(&a.difference(&b)), &one - &other);
            prop_assert_eq!(a.intersects(&b), !one.is_disjoint(&other));
            prop_assert_eq!(a.is_subset(&b), one.is_subset(&other));
            prop_assert_eq!(a.is_empty(), one.is_empty());
            let mut sum = a.clone();
            prop_assert_eq!(sum.add(&b), !other.is_subset(&one));
            prop_assert_eq!(places(&sum), &one | &other);
            prop_assert!((0..130).all(|place| a.contains(place) == one.contains(&place)));
        }
    }
}
