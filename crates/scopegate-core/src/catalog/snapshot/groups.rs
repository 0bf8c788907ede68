//! The groups of the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Edit, Entity, EntityKey, EntityRecord, GroupSpec, Owner, Spec};

/// All groups that are entities, by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Arc<BTreeMap<String, Group>>);

/// A group with its owner, its id and its times.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) spec: GroupSpec,
    pub(super) owner: Owner,
    pub(super) record: Option<EntityRecord>,
}

impl Groups {
    pub(super) fn find(&self, name: &str) -> Option<&Group> {
        self.0.get(name)
    }

    pub(super) fn keys(&self) -> Vec<EntityKey> {
        self.0.keys().map(|name| EntityKey::group(name)).collect()
    }

    pub(super) fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
        let groups = Arc::make_mut(&mut self.0);
        match edit {
            Edit::Delete(key) => drop(groups.remove(&key.name)),
            Edit::Put(Entity { key, owner, spec: Spec::Group(spec) }) => {
                groups.insert(key.name, Group { spec, owner, record });
            }
            Edit::Put(_) => {}
        }
    }
}
