//! The changes in a storage since a version.

use super::StoredKey;
use crate::catalog::{Edit, ReadRow, RowKey, StoredRow, UnreadableRow};

/// The versions of the catalog and of the signing keys. Each change raises a version by one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "these two have versions")]
pub struct Versions {
    /// The version of the newest change of the catalog; 0 if there never was one.
    pub catalog: u64,
    /// The version of the newest change of a signing key; 0 if there never was one.
    pub keys: u64,
}

impl Versions {
    /// Tells whether the catalog or the keys have changed since the other versions.
    pub fn is_newer_than(self, others: Self) -> bool {
        self.catalog > others.catalog || self.keys > others.keys
    }
}

/// Changes of the catalog up to a version.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct CatalogChanges {
    /// The version that the changes lead to.
    pub version: u64,
    /// The changes. After version 0 there are no deletions among them.
    pub edits: Vec<Edit>,
    /// The changed rows that this version of the program cannot read. No edit is about the same
    /// entity.
    pub unreadable: Vec<UnreadableRow>,
    /// The deleted entities of unknown kinds.
    pub gone: Vec<RowKey>,
}

impl CatalogChanges {
    /// No changes, at a version.
    pub fn none(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    /// Adds a changed row.
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
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct KeyChanges {
    /// The version that the changes lead to.
    pub version: u64,
    /// The keys that are new or have changed, in their current state. None of them is dropped.
    pub keys: Vec<StoredKey>,
    /// The keys that were dropped. After version 0 there are none.
    pub dropped: Vec<RowKey>,
    /// The changed keys that this version of the program cannot read.
    pub unreadable: Vec<UnreadableRow>,
}
