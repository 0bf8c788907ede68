//! The deny rules that a rollback ends.

use std::collections::BTreeMap;

use crate::catalog::{Effect, Entity, EntityKey, Spec};

/// The deny rules that are in use now and not afterwards. `after` has the changed entities.
pub(super) fn ended(
    now: &BTreeMap<EntityKey, Entity>,
    after: &BTreeMap<&EntityKey, Option<&Entity>>,
) -> Vec<EntityKey> {
    let afterwards = |key: &EntityKey| match after.get(key) {
        Some(entity) => *entity,
        None => now.get(key),
    };
    let rules = now
        .iter()
        .filter(|(key, rule)| denies(rule) && has_active_policy(key, |policy| now.get(policy)));
    let ended = rules.filter(|(key, _)| {
        !(afterwards(key).is_some_and(denies) && has_active_policy(key, afterwards))
    });
    ended.map(|(key, _)| key.clone()).collect()
}

fn denies(entity: &Entity) -> bool {
    matches!(&entity.spec, Spec::Rule(rule) if rule.effect == Effect::Deny && rule.status.is_active())
}

fn has_active_policy<'e>(
    rule: &EntityKey,
    find: impl Fn(&EntityKey) -> Option<&'e Entity>,
) -> bool {
    let policy = rule.parents().find_map(|parent| find(&parent));
    matches!(policy.map(|policy| &policy.spec), Some(Spec::Policy(policy)) if policy.status.is_active())
}
