//! The hooks of the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Edit, Entity, EntityKey, EntityRecord, HookSpec, Owner, Spec};

/// A hook with its name, its owner, its id and its times.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// The spec of the hook.
    pub spec: HookSpec,
    /// Who may change it.
    pub owner: Owner,
    /// Its id and its times. `None` if it was not read from a storage.
    pub record: Option<EntityRecord>,
}

/// All hooks, by their names. A hook that does not change is the same allocation in the next state.
#[derive(Clone, Debug, Default)]
pub(super) struct Hooks(Arc<BTreeMap<String, Arc<Hook>>>);

impl Hooks {
    pub(super) fn find(&self, name: &str) -> Option<&Arc<Hook>> {
        self.0.get(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Hook>> {
        self.0.values()
    }

    pub(super) fn keys(&self) -> Vec<EntityKey> {
        self.0.keys().map(|name| EntityKey::hook(name)).collect()
    }

    pub(super) fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
        let hooks = Arc::make_mut(&mut self.0);
        match edit {
            Edit::Delete(key) => drop(hooks.remove(&key.name)),
            Edit::Put(Entity { key, owner, spec: Spec::Hook(spec) }) => {
                let hook = Hook { name: key.name.clone(), spec: *spec, owner, record };
                hooks.insert(key.name, Arc::new(hook));
            }
            Edit::Put(_) => {}
        }
    }
}
