//! The entry of a change in the history of the catalog.

use super::{CatalogDoor, Reach};
use crate::catalog::{Entity, EntityKey, StoredRow};
use crate::store::{CatalogVersion, FileMark, VersionRecord};

/// What a change adds to the history.
#[derive(Debug, Default)]
pub(super) struct Entry {
    added: u64,
    changed: u64,
    deleted: u64,
    before: Vec<StoredRow>,
}

impl Entry {
    /// Counts the change of one entity.
    pub(super) fn count(&mut self, before: Option<&Entity>, after: Option<&Entity>) {
        match (before, after) {
            (None, _) => self.added += 1,
            (Some(_), Some(_)) => self.changed += 1,
            (Some(_), None) => self.deleted += 1,
        }
    }

    /// Keeps an entity as it is before the change.
    pub(super) fn keep(&mut self, key: &EntityKey, before: Option<&Entity>) {
        self.before.push(StoredRow::for_history(key, before));
    }

    pub(super) fn record(
        self,
        door: &CatalogDoor<'_>,
        version: u64,
        reach: Reach,
        files: &[FileMark],
        restored: Option<u64>,
    ) -> VersionRecord {
        let Self { added, changed, deleted, before } = self;
        let file_version = match (files, restored) {
            ([applied], None) => Some(applied.file.version),
            (_, _) => None,
        };
        let version = CatalogVersion {
            version,
            at: door.now,
            actor: door.actor.clone(),
            owner: Some(reach.owner()),
            file_version,
            restored,
            added,
            changed,
            deleted,
        };
        VersionRecord { version, before }
    }
}
