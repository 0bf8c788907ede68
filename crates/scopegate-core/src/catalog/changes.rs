//! What has changed in the catalog since it was last read.

use std::collections::HashMap;

use super::{
    Edit, EntityKey, EntityRecord, ReadRow, RowKey, StoredRecord, StoredRow, UnreadableRow,
};

/// How far the catalog and the signing keys have come: each change counts one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "these are what is counted")]
pub struct Versions {
    /// The version of the catalog's newest change; 0 if nothing was ever written.
    pub catalog: u64,
    /// The version of the newest change of a signing key; 0 if there was never one.
    pub keys: u64,
}

impl Versions {
    /// Tells whether something has changed since the others.
    pub fn is_newer_than(self, others: Self) -> bool {
        self.catalog > others.catalog || self.keys > others.keys
    }
}

/// Changes of the catalog up to a version.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "storages make it")]
pub struct CatalogChanges {
    /// The version that the changes lead to.
    pub version: u64,
    /// The changes. After version 0 there are no deletions among them.
    pub edits: Vec<Edit>,
    /// What is kept of each entity that the changes put, besides what was written.
    pub records: HashMap<EntityKey, EntityRecord>,
    /// The changed rows that this version does not understand. No edit speaks of the same entity.
    pub unreadable: Vec<UnreadableRow>,
    /// The entities of unknown kinds that are gone.
    pub gone: Vec<RowKey>,
}

impl CatalogChanges {
    /// No change, at a version.
    pub fn none(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    /// Adds a row that has changed, with the columns that keep its record.
    pub fn add(&mut self, row: StoredRow, record: StoredRecord) {
        match row.read() {
            ReadRow::Edit(edit) => {
                if let Edit::Put(entity) = &edit {
                    self.records.insert(entity.key.clone(), record.read(&entity.key));
                }
                self.edits.push(edit);
            }
            ReadRow::Gone(key) => self.gone.push(key),
            ReadRow::Unreadable(row) => self.unreadable.push(row),
        }
    }
}
