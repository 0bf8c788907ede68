//! The changes that `apply` would make: the difference between the stored catalog and a file.
//!
//! A file changes and deletes only entities that a file owns. If it would affect an entity that the API
//! owns, there is no plan.

mod conflict;

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde_json::Value;

pub use self::conflict::{Conflict, PlanError};
use crate::catalog::{Edit, Entity, EntityKey, Owner};
use crate::catalog_file::CatalogFile;

/// The edits that make the stored catalog equal to a file.
///
/// `Display` writes one line for each edit and one with the totals. It shows names of fields but no values,
/// because values may be secrets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    edits: Vec<Edit>,
    /// The kind of each edit.
    steps: Vec<Step>,
    /// The logins of the users that are created.
    users: Vec<String>,
}

/// The kind of an edit.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Add,
    /// The fields that change.
    Change(Vec<String>),
    Delete,
}

impl Plan {
    /// Compares the stored catalog with a file, in linear time. All users of the file count as new.
    ///
    /// # Errors
    ///
    /// Every [`Conflict`] with what the API owns.
    pub fn between<E: Borrow<Entity>>(
        current: &[E],
        file: &CatalogFile,
    ) -> Result<Self, PlanError> {
        let current: Vec<&Entity> = current.iter().map(Borrow::borrow).collect();
        let stored: HashMap<&EntityKey, &Entity> =
            current.iter().map(|entity| (&entity.key, *entity)).collect();
        let written: HashSet<&EntityKey> = file.entities.iter().map(|entity| &entity.key).collect();

        let mut plan = Self::default();
        let mut conflicts = Vec::new();
        for entity in &file.entities {
            match stored.get(&entity.key) {
                None => plan.push(Step::Add, Edit::Put(entity.clone())),
                Some(stored) if stored.owner == Owner::Api => {
                    conflicts.push(Conflict::OwnedByApi(entity.key.clone()));
                }
                Some(stored) if stored.spec == entity.spec => {}
                Some(stored) => {
                    let fields = changed_fields(stored, entity);
                    plan.push(Step::Change(fields), Edit::Put(entity.clone()));
                }
            }
        }

        let mut gone: Vec<&EntityKey> = current
            .iter()
            .filter(|entity| entity.owner == Owner::File && !written.contains(&entity.key))
            .map(|entity| &entity.key)
            .collect();
        conflicts.extend(conflict::left_behind(&current, &gone));
        // Children are deleted before their parents.
        gone.sort_by(|a, b| b.kind.cmp(&a.kind).then_with(|| a.cmp(b)));
        for key in gone {
            plan.push(Step::Delete, Edit::Delete(key.clone()));
        }
        plan.users = file.users.iter().map(|user| user.login.clone()).collect();
        if conflicts.is_empty() { Ok(plan) } else { Err(PlanError::Conflicts(conflicts)) }
    }

    fn push(&mut self, step: Step, edit: Edit) {
        self.steps.push(step);
        self.edits.push(edit);
    }

    /// The edits: first those that write, in the order of the file, then the deletions.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
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
}

/// The fields in which two specs differ, by their stored names.
fn changed_fields(stored: &Entity, written: &Entity) -> Vec<String> {
    let fields = |entity: &Entity| match serde_json::from_str(&entity.spec.to_json()) {
        Ok(Value::Object(mut fields)) => {
            // The file does not say when a secret was first stored.
            let secrets = fields.get_mut("secrets").and_then(Value::as_array_mut);
            for secret in secrets.into_iter().flatten().filter_map(Value::as_object_mut) {
                secret.remove("created_at");
            }
            fields
        }
        _ => serde_json::Map::new(),
    };
    let (stored, written) = (fields(stored), fields(written));
    let names = stored.keys().chain(written.keys().filter(|name| !stored.contains_key(*name)));
    names.filter(|name| stored.get(*name) != written.get(*name)).cloned().collect()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut added, mut changed, mut deleted) = (0, 0, 0);
        for (step, edit) in self.steps.iter().zip(&self.edits) {
            let key = conflict::Shown(edit.key());
            match step {
                Step::Add => {
                    added += 1;
                    writeln!(f, "+ {key}")?;
                }
                Step::Change(fields) => {
                    changed += 1;
                    writeln!(f, "~ {key} ({})", fields.join(", "))?;
                }
                Step::Delete => {
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
