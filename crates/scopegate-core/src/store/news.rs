//! What has changed in a storage since somebody looked last.

use super::StoredKey;
use crate::catalog::{Edit, ReadRow, RowKey, StoredRow, UnreadableRow};

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

    /// Adds a row that has changed.
    pub fn add(&mut self, row: StoredRow) {
        match row.read() {
            ReadRow::Edit(edit) => self.edits.push(edit),
            ReadRow::Gone(key) => self.gone.push(key),
            ReadRow::Unreadable(row) => self.unreadable.push(row),
        }
    }
}

/// Changes of the signing keys up to a version.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "storages make it")]
pub struct KeyChanges {
    /// The version that the changes lead to.
    pub version: u64,
    /// The keys that are new or have changed, as they are now. None of them is dropped.
    pub keys: Vec<StoredKey>,
    /// The keys that were dropped. After version 0 there are none.
    pub dropped: Vec<RowKey>,
    /// The changed keys that this version does not understand.
    pub unreadable: Vec<UnreadableRow>,
}
