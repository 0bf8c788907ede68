//! The history of the catalog: who made each version, and what was there before.
//!
//! A version keeps the rows that it changed as they were before it. The catalog at an earlier version is the
//! current catalog with the changes after that version undone. So a first catalog with a million clients
//! costs little, and nothing was copied when the history was introduced.

use std::fmt;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::audit::Actor;
use crate::catalog::{Owner, StoredRow};

/// One version of the catalog: who made it, and how much it changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "storages write and read each member")]
pub struct CatalogVersion {
    /// The number of the version.
    pub version: u64,
    /// When it was made.
    pub at: UnixTime,
    /// Who made it.
    pub actor: Actor,
    /// The owner of the changed entities. `None` if they have several owners, as after a rollback.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// The version in the catalog file, if a file was applied.
    #[serde(default)]
    pub file_version: Option<u64>,
    /// The version that was restored, if this is a rollback.
    #[serde(default)]
    pub restored: Option<u64>,
    /// The number of entities that are new.
    #[serde(default)]
    pub added: u64,
    /// The number of entities that changed.
    #[serde(default)]
    pub changed: u64,
    /// The number of entities that were deleted.
    #[serde(default)]
    pub deleted: u64,
}

/// What a change of the catalog adds to the history.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages write each member")]
pub struct VersionRecord {
    /// The new version.
    pub version: CatalogVersion,
    /// The changed rows as they were before, without secrets. A row without a body did not exist.
    pub before: Vec<StoredRow>,
}

/// What undoes the changes of the catalog after a version.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct Undo {
    /// The version of the catalog now.
    pub current: u64,
    /// The later versions that the history has, newest first.
    pub versions: Vec<u64>,
    /// The rows before each of these versions, with the version that changed them, newest first.
    pub rows: Vec<(u64, StoredRow)>,
}

impl Undo {
    /// Tells whether the history has each version after this one. It does not if they are too old, or if
    /// a program without history wrote one of them.
    pub fn reaches(&self, version: u64) -> bool {
        let after = self.versions.iter().filter(|known| **known > version).count();
        self.current.checked_sub(version) == u64::try_from(after).ok()
    }
}

/// The catalog file that was applied last for an owner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct AppliedFile {
    /// The version in the file. 0 if none was applied.
    pub version: u64,
    /// The content of the file.
    pub content: AppliedContent,
}

/// What is known of the content of the catalog file that was applied last.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each variant")]
pub enum AppliedContent {
    /// Nothing, because a program of an earlier version applied it.
    #[default]
    Unknown,
    /// The SHA-256 of the file.
    Sha256([u8; 32]),
    /// Its entities were changed by a rollback afterwards.
    RolledBack,
}

/// Which file is the last applied one of an owner, after a change of the catalog.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct FileMark {
    /// The owner.
    pub owner: Owner,
    /// The file.
    pub file: AppliedFile,
}

/// Reads the history of the catalog. It is written by
/// [`CatalogStore::edit_catalog`](super::CatalogStore::edit_catalog).
#[async_trait]
pub trait CatalogHistory: fmt::Debug + Send + Sync {
    /// The newest versions, newest first: at most `limit`, and only those below `below`.
    async fn catalog_versions(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<CatalogVersion>, StoreError>;

    /// What undoes the changes after a version, as of one moment.
    async fn undo_since(&self, version: u64) -> Result<Undo, StoreError>;

    /// Deletes the versions that were made before a time. Returns their number.
    ///
    /// They are deleted in short transactions. If one fails, the earlier ones stay committed.
    async fn prune_catalog_history(&self, before: UnixTime) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_reached_if_all_later_ones_are_kept() {
        let undo =
            |versions: &[u64]| Undo { current: 5, versions: versions.to_vec(), rows: vec![] };
        let all = undo(&[5, 4, 3]);
        for version in 2..=5 {
            assert!(all.reaches(version), "{version}");
        }
        assert!(!all.reaches(1) && !all.reaches(6));
        // A program without history wrote version 4.
        let gap = undo(&[5, 3]);
        assert!(gap.reaches(4) && !gap.reaches(3) && !gap.reaches(2));
    }
}
