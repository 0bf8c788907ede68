//! Conflicts between a file and the entities of other owners.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::catalog::{Entity, EntityKey, Owner};

/// Maximum number of conflicts that are shown, and of children of each.
const MAX_SHOWN: usize = 20;

/// Why there is no plan.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The file would affect entities of other owners.
    #[error("{}", Lines(.0))]
    Conflicts(Vec<Conflict>),
}

/// A conflict between a file and an entity of another owner.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Conflict {
    /// The file has an entity that the API owns.
    OwnedByApi(EntityKey),
    /// The file has an entity that the catalog files of another owner have.
    OwnedByFile(EntityKey, Owner),
    /// The file would delete an entity that still has children of other owners.
    ParentOfOthers {
        /// The entity that the file would delete.
        parent: EntityKey,
        /// Its children that others own.
        children: Vec<EntityKey>,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnedByApi(key) => write!(
                f,
                "{} is owned by the API: leave it out of the file, adopt it with --adopt, or delete it through the API first",
                Shown(key)
            ),
            Self::OwnedByFile(key, owner) => write!(
                f,
                "{} is owned by {owner}: leave it out of this file, or adopt it with --adopt",
                Shown(key)
            ),
            Self::ParentOfOthers { parent, children } => {
                write!(f, "{} cannot be deleted, others own ", Shown(parent))?;
                for (index, child) in children.iter().take(MAX_SHOWN).enumerate() {
                    write!(f, "{}{}", if index == 0 { "" } else { ", " }, Shown(child))?;
                }
                if let Some(more @ 1..) = children.len().checked_sub(MAX_SHOWN) {
                    write!(f, " and {more} more")?;
                }
                f.write_str(": keep it in the file, or delete those first")
            }
        }
    }
}

struct Lines<'a>(&'a [Conflict]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, conflict) in self.0.iter().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{conflict}", if index == 0 { "" } else { "\n" })?;
        }
        match self.0.len().checked_sub(MAX_SHOWN) {
            Some(more @ 1..) => write!(f, "\nand {more} more conflicts"),
            _ => Ok(()),
        }
    }
}

/// A key on one line: control characters are escaped.
pub(super) struct Shown<'a>(pub(super) &'a EntityKey);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        if text.chars().any(char::is_control) {
            write!(f, "{}", text.escape_debug())
        } else {
            f.write_str(&text)
        }
    }
}

/// The conflicts with entities of other owners whose server or policy would be deleted.
pub(super) fn left_behind(current: &[&Entity], gone: &[&Entity], owner: Owner) -> Vec<Conflict> {
    let gone: HashSet<&EntityKey> = gone.iter().map(|entity| &entity.key).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let mut children: HashMap<EntityKey, Vec<EntityKey>> = HashMap::new();
    for entity in current.iter().filter(|entity| entity.owner != owner) {
        // Only the nearest parent is shown: if the policy is kept, the server must be kept too.
        if let Some(parent) = entity.key.parents().find(|parent| gone.contains(parent)) {
            children.entry(parent).or_default().push(entity.key.clone());
        }
    }
    let mut conflicts: Vec<Conflict> = children
        .into_iter()
        .map(|(parent, children)| Conflict::ParentOfOthers { parent, children })
        .collect();
    conflicts.sort_by(|a, b| a.key().cmp(b.key()));
    conflicts
}

impl Conflict {
    pub(super) fn owned(key: EntityKey, owner: Owner) -> Self {
        match owner {
            Owner::Api => Self::OwnedByApi(key),
            Owner::File | Owner::Named(_) => Self::OwnedByFile(key, owner),
        }
    }

    /// The entity that the file must not change or delete.
    pub fn key(&self) -> &EntityKey {
        match self {
            Self::OwnedByApi(key) | Self::OwnedByFile(key, _) => key,
            Self::ParentOfOthers { parent, .. } => parent,
        }
    }
}
