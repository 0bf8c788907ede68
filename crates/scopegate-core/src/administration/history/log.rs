//! The versions of the catalog with the entities that each one changed.

use serde_json::{Value, json};

use super::{HistoryError, current_and_undo, read, without_secrets};
use crate::administration::plan::{Action, EntityDifference, difference};
use crate::catalog::{Edit, Entity, EntityKey, EntityKind, Owner};
use crate::catalog_file::moment;
use crate::store::{CatalogHistory, CatalogStore, CatalogVersion};

/// A version of the catalog with the entities that it changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// The version.
    pub version: CatalogVersion,
    /// Each changed entity, before and after, without secrets.
    changes: Vec<(EntityKey, Option<Entity>, Option<Entity>)>,
}

/// The newest versions, newest first.
///
/// # Errors
///
/// [`HistoryError`].
pub async fn log<S: CatalogStore + CatalogHistory + ?Sized>(
    store: &S,
    limit: u32,
) -> Result<Vec<LogEntry>, HistoryError> {
    let mut versions = store.catalog_versions(None, limit).await?;
    // Versions before a gap cannot be read: the state after them is not known.
    let is_next = |pair: &[CatalogVersion]| pair[0].version == pair[1].version + 1;
    let connected = 1 + versions.windows(2).take_while(|pair| is_next(pair)).count();
    versions.truncate(connected);
    let Some(oldest) = versions.last() else { return Ok(Vec::new()) };
    let (current, undo) = current_and_undo(store, oldest.version - 1).await?;
    let mut state = without_secrets(current)?;
    let mut rows = undo.rows.into_iter().peekable();
    let mut entries = Vec::with_capacity(versions.len());
    for version in versions {
        let mut changes = Vec::new();
        while let Some((_, row)) = rows.next_if(|(of, _)| *of >= version.version) {
            let Some(edit) = read(row)? else { continue };
            let key = edit.key().clone();
            let after = state.remove(&key);
            let before = match edit {
                Edit::Delete(_) => None,
                Edit::Put(entity) => Some(entity),
            };
            state.extend(before.clone().map(|entity| (key.clone(), entity)));
            changes.push((key, before, after));
        }
        entries.push(LogEntry { version, changes });
    }
    Ok(entries)
}

impl LogEntry {
    /// What changed of each entity.
    pub fn changes(&self) -> impl Iterator<Item = EntityDifference<'_>> {
        let changes = self.changes.iter();
        changes.map(|(key, before, after)| difference(key, before.as_ref(), after.as_ref()))
    }

    /// The entry as one object of `catalog log --json`.
    ///
    /// `before` and `after` are the changed entity if there is one only, otherwise null. `changes` has all.
    pub fn to_json(&self) -> Value {
        let CatalogVersion { version, at, actor, owner, file_version, restored, .. } =
            &self.version;
        let (added, changed, deleted) =
            (self.version.added, self.version.changed, self.version.deleted);
        let (before, after) = match &self.changes[..] {
            [(_, before, after)] => (before.as_ref().map(shown), after.as_ref().map(shown)),
            _ => (None, None),
        };
        let change = |change: EntityDifference<'_>| {
            json!({
                "kind": change.key.kind.as_str(),
                "id": change.id(),
                "action": change.action().as_str(),
            })
        };
        json!({
            "id": version.to_string(),
            "at": moment::text(*at),
            "kind": if restored.is_some() { "catalog.rollback" } else { "catalog.change" },
            "outcome": "allow",
            "actor": actor,
            "server": self.only(|key| key.server_id().map(str::to_owned)),
            "client": self.only(|key| (key.kind == EntityKind::Client).then(|| key.name.clone())),
            "user": null,
            "scopes": [],
            "rule": null,
            "decision_id": null,
            "reason": null,
            "address": null,
            "before": before,
            "after": after,
            "version": version,
            "owner": owner.as_ref().map(Owner::name),
            "file_version": file_version,
            "restored": restored,
            "added": added,
            "changed": changed,
            "deleted": deleted,
            "changes": self.changes().map(change).collect::<Vec<_>>(),
        })
    }

    /// What all changed entities have in common.
    fn only(&self, of: impl Fn(&EntityKey) -> Option<String>) -> Option<String> {
        let mut all = self.changes.iter().map(|(key, _, _)| of(key));
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// The number of entities with each action, as `+1 ~2 -3`.
    pub fn totals(&self) -> String {
        let CatalogVersion { added, changed, deleted, .. } = self.version;
        let parts = [(Action::Add, added), (Action::Change, changed), (Action::Delete, deleted)];
        let sign = |action| match action {
            Action::Add => '+',
            Action::Change => '~',
            Action::Delete => '-',
        };
        let parts = parts.into_iter().filter(|(_, count)| *count > 0);
        let parts: Vec<_> =
            parts.map(|(action, count)| format!("{}{count}", sign(action))).collect();
        parts.join(" ")
    }
}

fn shown(Entity { key, owner, spec }: &Entity) -> Value {
    let EntityKey { kind, parent, name } = key;
    json!({
        "kind": kind.as_str(),
        "parent": parent,
        "name": name,
        "owner": owner.as_str(),
        "spec": spec.without_secrets(),
    })
}
