//! Whose entities a rollback restores.

use std::collections::BTreeMap;

use super::Note;
use crate::catalog::{Entity, EntityKey, Owner, Spec};

/// The entities of one owner, at the version and now.
pub(super) struct Owned {
    pub(super) owner: Owner,
    pub(super) then: BTreeMap<EntityKey, Entity>,
    pub(super) now: BTreeMap<EntityKey, Entity>,
}

/// Selects the entities that are restored. What others have changed since then stays, and is noted.
///
/// An entity belongs to the owner that it has now, and if it is deleted, to the one that it had then.
pub(super) fn select(
    wanted: Option<Owner>,
    mut then: BTreeMap<EntityKey, Entity>,
    all: &BTreeMap<EntityKey, Entity>,
    notes: &mut Vec<Note>,
) -> Owned {
    let mut changed: BTreeMap<Owner, usize> = BTreeMap::new();
    let new = all.iter().filter(|(key, _)| !then.contains_key(*key));
    for (_, entity) in new {
        *changed.entry(entity.owner).or_default() += 1;
    }
    for (key, entity) in &then {
        match all.get(key) {
            None => *changed.entry(entity.owner).or_default() += 1,
            Some(now) if is_same(entity, now) => {}
            Some(now) => *changed.entry(now.owner).or_default() += 1,
        }
    }
    let mut owners = changed.keys();
    let only = owners.next().filter(|_| owners.next().is_none()).copied();
    let owner = wanted.or(only).unwrap_or(Owner::File);
    let others = changed.iter().filter(|(other, _)| **other != owner);
    notes.extend(others.map(|(other, number)| Note::OfOthers(*other, *number)));

    then.retain(|key, entity| match all.get(key) {
        None => entity.owner == owner,
        Some(now) if now.owner == owner => true,
        Some(now) => {
            if entity.owner == owner {
                notes.push(Note::TakenOver(key.clone(), now.owner));
            }
            false
        }
    });
    let now = all.iter().filter(|(_, entity)| entity.owner == owner);
    let now = now.map(|(key, entity)| (key.clone(), entity.clone())).collect();
    Owned { owner, then, now }
}

/// Tells whether an entity is as it was. The history has no secrets.
fn is_same(then: &Entity, now: &Entity) -> bool {
    let same_spec = match (&then.spec, &now.spec) {
        (Spec::Client(_), Spec::Client(_)) => then.spec == now.spec.clone().forgetting_secrets(),
        (then, now) => then == now,
    };
    then.owner == now.owner && same_spec
}
