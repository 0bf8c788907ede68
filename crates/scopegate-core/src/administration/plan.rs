//! The changes that `apply` would make: the difference between the stored catalog and a file.
//!
//! A file changes and deletes only entities of its owner. If it would affect an entity of another owner,
//! there is no plan, unless the file adopts it.

mod conflict;
mod difference;

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde_json::{Value, json};

pub use self::conflict::{Conflict, PlanError};
pub use self::difference::{Action, EntityDifference, FieldChange, SECRET_CHANGED, difference};
use crate::catalog::{Edit, Entity, EntityKey, Owner};
use crate::catalog_file::CatalogFile;

/// The edits that make the stored catalog equal to a file.
///
/// `Display` writes one line for each edit and one with the totals, with names of fields but no values.
/// [`changes`](Self::changes) has the values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    edits: Vec<Edit>,
    /// The entity before each edit.
    before: Vec<Option<Entity>>,
    /// The logins of the users that are created.
    users: Vec<String>,
    /// The number of entities of the owner that are there and stay, changed or not.
    kept: usize,
    /// The ids of the clients of the file that are on hold, and stay on hold.
    held: Vec<String>,
}

/// For whom a file is applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Ownership {
    /// The owner of the entities of the file.
    pub owner: Owner,
    /// What happens to entities of the file that another owner has.
    pub others: Others,
}

/// What happens to entities of a file that another owner has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the file takes them or not")]
pub enum Others {
    /// They become the file's.
    Adopt,
    /// There is no plan.
    #[default]
    Refuse,
}

impl Ownership {
    /// The entities belong to this owner, and those of other owners are not changed.
    pub const fn of(owner: Owner) -> Self {
        Self { owner, others: Others::Refuse }
    }
}

impl Plan {
    /// Compares the stored catalog with the file of the owner `file`, in linear time. All users of the file
    /// count as new.
    ///
    /// # Errors
    ///
    /// Every [`Conflict`] with what other owners have.
    pub fn between<E: Borrow<Entity>>(
        current: &[E],
        file: &CatalogFile,
    ) -> Result<Self, PlanError> {
        Self::between_as(current, file, Ownership::of(Owner::File))
    }

    /// Compares the stored catalog with a file of any owner.
    ///
    /// # Errors
    ///
    /// Every [`Conflict`] with what other owners have.
    pub fn between_as<E: Borrow<Entity>>(
        current: &[E],
        file: &CatalogFile,
        Ownership { owner, others }: Ownership,
    ) -> Result<Self, PlanError> {
        let current: Vec<&Entity> = current.iter().map(Borrow::borrow).collect();
        let stored: HashMap<&EntityKey, &Entity> =
            current.iter().map(|entity| (&entity.key, *entity)).collect();
        let written: HashSet<&EntityKey> = file.entities.iter().map(|entity| &entity.key).collect();

        let mut plan = Self::default();
        let mut conflicts = Vec::new();
        for entity in &file.entities {
            let stored = stored.get(&entity.key);
            let held = stored.filter(|stored| stored.is_on_hold()).map(|stored| {
                let mut entity = entity.clone();
                entity.keep_hold_of(stored);
                entity
            });
            if held.is_some() {
                plan.held.push(entity.key.name.clone());
            }
            let entity = held.as_ref().unwrap_or(entity);
            let put = || Edit::Put(Entity { owner, ..entity.clone() });
            match stored {
                None => plan.push(None, put()),
                Some(stored) if stored.owner != owner && others == Others::Refuse => {
                    conflicts.push(Conflict::owned(entity.key.clone(), stored.owner));
                }
                Some(stored) if stored.spec == entity.spec && stored.owner == owner => {
                    plan.kept += 1;
                }
                Some(stored) => {
                    plan.kept += 1;
                    plan.push(Some((*stored).clone()), put());
                }
            }
        }

        let mut gone: Vec<&Entity> = current
            .iter()
            .copied()
            .filter(|entity| entity.owner == owner && !written.contains(&entity.key))
            .collect();
        conflicts.extend(conflict::left_behind(&current, &gone, owner));
        // Children are deleted before their parents.
        gone.sort_by(|a, b| b.key.kind.cmp(&a.key.kind).then_with(|| a.key.cmp(&b.key)));
        for entity in gone {
            plan.push(Some(entity.clone()), Edit::Delete(entity.key.clone()));
        }
        plan.users = file.users.iter().map(|user| user.login.clone()).collect();
        if conflicts.is_empty() { Ok(plan) } else { Err(PlanError::Conflicts(conflicts)) }
    }

    /// A plan of edits, each with the entity before it. Edits that change nothing are left out.
    pub(crate) fn of_edits(
        edits: Vec<Edit>,
        before: impl Fn(&EntityKey) -> Option<Entity>,
    ) -> Self {
        let mut plan = Self::default();
        for edit in edits {
            let stored = before(edit.key());
            let after = match &edit {
                Edit::Delete(_) => None,
                Edit::Put(entity) => Some(entity),
            };
            if stored.as_ref() != after {
                plan.push(stored, edit);
            }
        }
        plan
    }

    fn push(&mut self, before: Option<Entity>, edit: Edit) {
        self.before.push(before);
        self.edits.push(edit);
    }

    /// The edits: first those that write, in the order of the file, then the deletions.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// What changes of each entity, in the order of the edits.
    pub fn changes(&self) -> impl Iterator<Item = EntityDifference<'_>> {
        self.before.iter().zip(&self.edits).map(|(before, edit)| {
            let after = match edit {
                Edit::Delete(_) => None,
                Edit::Put(entity) => Some(entity),
            };
            EntityDifference { key: edit.key(), before: before.as_ref(), after }
        })
    }

    /// The same plan without the users whose login is known. Existing users are not overwritten.
    #[must_use]
    pub fn leaving_alone(mut self, known: &BTreeSet<String>) -> Self {
        self.users.retain(|login| !known.contains(login));
        self
    }

    /// The logins of the users that are created.
    pub fn users(&self) -> &[String] {
        &self.users
    }

    /// Tells whether the stored catalog already equals the file.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.users.is_empty()
    }

    /// The ids of the clients of the file that are on hold. They stay on hold: only an administrator lifts it.
    pub fn held(&self) -> &[String] {
        &self.held
    }

    /// The number of entities that are deleted.
    pub fn deletions(&self) -> usize {
        self.edits.iter().filter(|edit| matches!(edit, Edit::Delete(_))).count()
    }

    /// The number of entities of the owner that are there and stay, changed or not.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Tells whether more entities of the owner are deleted than stay. Often that is the wrong file.
    pub fn deletes_more_than_it_keeps(&self) -> bool {
        self.deletions() > self.kept
    }

    /// The changes as JSON: `[{"kind","id","action","fields"}]`.
    pub fn to_json(&self) -> Value {
        let users = self.users.iter().map(|login| {
            json!({ "kind": "user", "id": login, "action": Action::Add.as_str(), "fields": [] })
        });
        let changes = self.changes().map(|change| change.to_json());
        Value::Array(changes.chain(users).collect())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut added, mut changed, mut deleted) = (0, 0, 0);
        for change in self.changes() {
            let key = conflict::Shown(change.key);
            match change.action() {
                Action::Add => {
                    added += 1;
                    writeln!(f, "+ {key}")?;
                }
                Action::Change => {
                    changed += 1;
                    let fields: Vec<_> =
                        change.fields().into_iter().map(|field| field.name).collect();
                    writeln!(f, "~ {key} ({})", fields.join(", "))?;
                }
                Action::Delete => {
                    deleted += 1;
                    writeln!(f, "- {key}")?;
                }
            }
        }
        for login in &self.users {
            added += 1;
            writeln!(f, "+ user {login}")?;
        }
        write!(f, "{added} to add, {changed} to change, {deleted} to delete")
    }
}

#[cfg(test)]
mod tests;
