//! What has changed in the catalog since it was last read.

use std::collections::HashMap;

use super::{
    Edit, EntityKey, EntityRecord, ReadRow, RowKey, StoredRecord, StoredRow, UnreadableRow,
};

/// The versions of the catalog and of the signing keys. Each change adds 1.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "only these have versions")]
pub struct Versions {
    /// The version of the newest change of the catalog. 0 if nothing was ever written.
    pub catalog: u64,
    /// The version of the newest change of a signing key. 0 if there was never one.
    pub keys: u64,
}

impl Versions {
    /// Tells whether the catalog or a signing key has changed since `others`.
    pub fn is_newer_than(self, others: Self) -> bool {
        self.catalog > others.catalog || self.keys > others.keys
    }
}

/// The changes of the catalog up to a version.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct CatalogChanges {
    /// The version of the catalog after the changes.
    pub version: u64,
    /// The changes. Read from version 0 on, they contain no deletions.
    pub edits: Vec<Edit>,
    /// The id and the times of each entity that the changes put.
    pub records: HashMap<EntityKey, EntityRecord>,
    /// The changed rows that this version cannot read. `edits` has no edit of the same entities.
    pub unreadable: Vec<UnreadableRow>,
    /// The deleted entities of unknown kinds.
    pub gone: Vec<RowKey>,
}

impl CatalogChanges {
    /// No change; the catalog stays at this version.
    pub fn none(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    /// Adds a row that has changed, with the columns that hold its id and times.
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
