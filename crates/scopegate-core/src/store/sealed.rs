//! What is sealed under the master key, to be sealed under another one.

use async_trait::async_trait;

use super::{InstallationStore, StoreError};
use crate::audit::AuditEvent;
use crate::catalog::{ServerId, UserId};

/// Where a sealed secret is stored. The order is that in which a storage lists them.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "a secret that is forgotten is lost with its key")]
pub enum SealedKey {
    /// The private key of a server.
    SigningKey {
        /// The server.
        server: ServerId,
        /// The id of the key.
        kid: String,
    },
    /// The password hash of a user.
    Password(UserId),
}

/// A sealed secret.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct SealedRow {
    /// Where it is stored.
    pub key: SealedKey,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// The kind of secret that is listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a storage must list each kind")]
pub enum SealedKind {
    /// Signing keys that are not dropped.
    SigningKeys,
    /// Password hashes.
    Passwords,
}

impl SealedKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::SigningKeys, Self::Passwords];
}

/// A secret that was sealed again.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct ResealedRow {
    /// The row as it was read.
    pub before: SealedRow,
    /// The new sealed bytes.
    pub sealed: Vec<u8>,
}

/// The master key of a storage changes.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct MasterKeyChange {
    /// The texts of the [`InstallationStore`] that change: the name, the text as it was read, the
    /// new text.
    pub texts: Vec<(String, String, String)>,
    /// The record of the change.
    pub event: AuditEvent,
}

/// A storage whose secrets can be sealed under another master key.
#[async_trait]
pub trait Resealing: InstallationStore {
    /// The sealed secrets of a kind, in their order: those after a position, at most `limit`.
    async fn sealed_after(
        &self,
        kind: SealedKind,
        after: Option<&SealedKey>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError>;

    /// Replaces sealed bytes in one transaction. A row that has changed since it was read is left
    /// alone. Returns the number of rows that were written.
    async fn reseal(&self, rows: &[ResealedRow]) -> Result<u64, StoreError>;

    /// Changes the master key in one transaction. Other nodes are told, as of changed signing keys.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if a text has changed since it was read.
    async fn change_master_key(&self, change: &MasterKeyChange) -> Result<(), StoreError>;
}
