//! The order of policies and of rules, which Okta calls their priority: 1 is tried first.
//!
//! The stored priorities are numbers with gaps. What a catalog file owns keeps its number, so that an entity of
//! the API can only be put where there is a gap.

use scopegate_core::catalog::{EntityKey, Owner};

use super::ApiError;

/// An entity in an order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Placed {
    pub(super) key: EntityKey,
    pub(super) priority: u32,
    pub(super) owner: Owner,
}

/// Puts entities in the order in which they are tried.
pub(super) fn sorted(mut all: Vec<Placed>) -> Vec<Placed> {
    all.sort_by(|one, other| (one.priority, &one.key.name).cmp(&(other.priority, &other.key.name)));
    all
}

/// The stored priority of an entity at a position among others, and the new priorities of those others that must
/// give way.
///
/// `current` is the stored priority of the entity, if it has one.
pub(super) fn place(
    others: &[Placed],
    position: usize,
    current: Option<u32>,
) -> Result<(u32, Vec<(EntityKey, u32)>), ApiError> {
    let position = position.saturating_sub(1).min(others.len());
    let mut slots: Vec<Slot<'_>> = others.iter().map(Slot::Other).collect();
    slots.insert(position, Slot::This(current));
    let (mut this, mut moved, mut low, mut start) = (None, Vec::new(), None, 0);
    while start < slots.len() {
        let fixed = slots[start..].iter().position(Slot::is_fixed);
        let end = fixed.map_or(slots.len(), |length| start + length);
        let high = slots.get(end).and_then(Slot::stored);
        for (index, slot) in slots[start..end].iter().enumerate() {
            let after = end - start - index - 1;
            let number = number(low, slot.stored(), high, after).ok_or_else(no_gap)?;
            low = Some(number);
            match slot {
                Slot::This(_) => this = Some(number),
                Slot::Other(other) if other.priority != number => {
                    moved.push((other.key.clone(), number));
                }
                Slot::Other(_) => {}
            }
        }
        if high.is_some() {
            low = high;
        }
        start = end + 1;
    }
    Ok((this.unwrap_or_default(), moved))
}

/// A place in the new order.
enum Slot<'a> {
    Other(&'a Placed),
    /// The entity that is put there, with its stored priority.
    This(Option<u32>),
}

impl Slot<'_> {
    /// Tells whether its number cannot be changed.
    fn is_fixed(&self) -> bool {
        matches!(self, Self::Other(placed) if placed.owner.is_file())
    }

    fn stored(&self) -> Option<u32> {
        match self {
            Self::Other(placed) => Some(placed.priority),
            Self::This(current) => *current,
        }
    }
}

/// A number above `low` that leaves room for `after` more below `high`. The stored one, if it fits.
fn number(low: Option<u32>, stored: Option<u32>, high: Option<u32>, after: usize) -> Option<u32> {
    let after = u32::try_from(after).ok()?;
    let most = match high {
        Some(high) => high.checked_sub(1)?.checked_sub(after)?,
        None => u32::MAX.checked_sub(after)?,
    };
    let least = match low {
        Some(low) => low.checked_add(1)?,
        // The first number of a file is 1: only 0 is before it.
        None => most.min(1),
    };
    (least <= most).then(|| stored.unwrap_or(least).clamp(least, most))
}

fn no_gap() -> ApiError {
    ApiError::NotAllowed(
        "a catalog file owns what is before and after this position, and leaves no gap: choose the \
         first or the last position, or change the order in the file"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(name: &str, priority: u32, owner: Owner) -> Placed {
        Placed { key: EntityKey::zone(name), priority, owner }
    }

    fn put(
        others: &[(u32, Owner)],
        position: usize,
        current: Option<u32>,
    ) -> Option<(u32, Vec<u32>)> {
        let others: Vec<_> = others
            .iter()
            .enumerate()
            .map(|(index, (priority, owner))| placed(&index.to_string(), *priority, *owner))
            .collect();
        let (this, moved) = place(&others, position, current).ok()?;
        let mut numbers: Vec<u32> = others.iter().map(|one| one.priority).collect();
        for (key, number) in moved {
            numbers[key.name.parse::<usize>().unwrap()] = number;
        }
        Some((this, numbers))
    }

    #[test]
    fn the_others_of_the_api_give_way() {
        let api =
            |numbers: &[u32]| numbers.iter().map(|one| (*one, Owner::Api)).collect::<Vec<_>>();
        assert_eq!(put(&[], 1, None), Some((1, vec![])));
        assert_eq!(put(&api(&[1, 2]), 3, None), Some((3, vec![1, 2])));
        assert_eq!(put(&api(&[1, 2]), 1, None), Some((1, vec![2, 3])));
        assert_eq!(put(&api(&[1, 2]), 2, None), Some((2, vec![1, 3])));
        assert_eq!(put(&api(&[5, 9]), 2, None), Some((6, vec![5, 9])));
        assert_eq!(put(&api(&[1, 2]), 99, None), Some((3, vec![1, 2])));
        // An entity that stays where it is keeps its number.
        assert_eq!(put(&api(&[1, 9]), 2, Some(4)), Some((4, vec![1, 9])));
    }

    #[test]
    fn what_a_file_owns_keeps_its_number() {
        let file =
            |numbers: &[u32]| numbers.iter().map(|one| (*one, Owner::File)).collect::<Vec<_>>();
        assert_eq!(put(&file(&[1, 2]), 1, None), Some((0, vec![1, 2])));
        assert_eq!(put(&file(&[1, 2]), 3, None), Some((3, vec![1, 2])));
        assert_eq!(put(&file(&[1, 2]), 2, None), None);
        assert_eq!(put(&file(&[1, 3]), 2, None), Some((2, vec![1, 3])));
        // One of the API before the file leaves no second place there.
        let mixed = [(0, Owner::Api), (1, Owner::File)];
        assert_eq!(put(&mixed, 1, None), None);
        assert_eq!(put(&mixed, 3, None), Some((2, vec![0, 1])));
    }
}
