//! What has changed in a storage since it was last read.

use super::StoredKey;
use crate::catalog::UnreadableRow;

/// Changes of the signing keys up to a version.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "storages make it")]
pub struct KeyChanges {
    /// The version that the changes lead to.
    pub version: u64,
    /// The keys that are new or have changed, as they stand now.
    pub keys: Vec<StoredKey>,
    /// Those among them that this version does not understand.
    pub unreadable: Vec<UnreadableRow>,
}
