//! What has changed in a storage since it was last read.

use super::StoredKey;
use crate::catalog::{RowKey, UnreadableRow};

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
