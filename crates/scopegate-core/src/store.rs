//! What the core asks of a storage. Each part of the server sees the smallest port that serves it.

mod artifact;
mod change;
mod consent;
mod family;
#[cfg(any(test, feature = "memory-store"))]
pub mod memory;
mod news;
mod records;
mod session;
mod signing_key;
mod standing;
mod upkeep;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use scopegate_claims::UnixTime;

pub use self::artifact::{Artifact, ArtifactKind, ArtifactName};
pub use self::change::{Change, Ended};
pub use self::consent::ConsentKey;
pub use self::family::{Family, FamilyBody, FamilyId};
pub use self::news::{CatalogChanges, KeyChanges, Versions};
pub use self::records::{Directory, Records, StoredPassword, UserKey};
pub use self::session::Session;
pub use self::signing_key::{KeyMove, KeyPhase, StoredKey};
pub use self::standing::{FamilyState, Standing, TokenMark};
pub use self::upkeep::Upkeep;
use crate::audit::AuditEvent;
use crate::catalog::{Edit, UnreadableRow};
use crate::directory::NewUser;
pub use crate::directory::SessionId;

/// Why a storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else was faster: the row that should be new is there already, or the version that
    /// should be current is not.
    #[error("the stored state has changed meanwhile")]
    Conflict,
    /// A row that a commit expected in another state: decide again on what is there now.
    #[error("the stored {} has changed meanwhile", .0.as_str())]
    Changed(Contested),
    /// A row cannot be read: it was written by another version, or by hand.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
    /// A row is not understood by this version, which says what is out of service here.
    #[error(transparent)]
    Unreadable(Arc<UnreadableRow>),
    /// The storage does not answer, or cannot write.
    #[error("the storage is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What somebody else changed first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "these are the rows that change from a known state")]
pub enum Contested {
    /// A code, a device code, a pushed request, an assertion.
    Artifact,
    /// What the catalog says of a client or a server.
    Catalog,
    /// A family of refresh tokens.
    Family,
    /// A session.
    Session,
    /// A person.
    User,
}

impl Contested {
    /// The name as it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Catalog => "catalog",
            Self::Family => "family",
            Self::Session => "session",
            Self::User => "user",
        }
    }
}

/// A storage for everything.
pub trait Store:
    CatalogStore + KeyStore + Ledger + Records + Directory + InstallationStore + Upkeep
{
}

impl<S: CatalogStore + KeyStore + Ledger + Records + Directory + InstallationStore + Upkeep> Store
    for S
{
}

/// Where the catalog is kept: versioned rows, one an entity.
#[async_trait]
pub trait CatalogStore: fmt::Debug + Send + Sync {
    /// How far the catalog and the signing keys have come, at one moment.
    async fn versions(&self) -> Result<Versions, StoreError>;

    /// The version of the newest change; 0 if nothing was ever written.
    async fn catalog_version(&self) -> Result<u64, StoreError> {
        Ok(self.versions().await?.catalog)
    }

    /// All changes after a version, oldest first; after version 0 this is the whole catalog.
    ///
    /// An entity that changed more than once occurs once, as it stands now. A row that this version
    /// does not understand is among the changes as such, and fails nothing.
    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError>;

    /// Writes changes and the people that are not there yet, all or none, if the catalog still has
    /// the expected version.
    ///
    /// `file_version` is remembered as that of the newest catalog file where it is given. Of the
    /// people, those whose login is known are left alone. The answer is the new version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the catalog has another version meanwhile; [`StoreError::Corrupt`] if
    /// an edit would overwrite a row of a newer format.
    async fn write_catalog_and_users(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
        seeds: &[NewUser],
    ) -> Result<u64, StoreError>;

    /// [`write_catalog_and_users`](Self::write_catalog_and_users) without people.
    ///
    /// # Errors
    ///
    /// As that.
    async fn write_catalog(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
    ) -> Result<u64, StoreError> {
        self.write_catalog_and_users(expected, edits, file_version, &[]).await
    }

    /// Those of some logins that are known, as they were asked for.
    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError>;

    /// The version of the newest catalog file that was applied; 0 if none was.
    async fn catalog_file_version(&self) -> Result<u64, StoreError>;
}

/// Where signing keys are stored, sealed.
#[async_trait]
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// The keys that have changed after a version. After version 0 these are all keys of all servers
    /// that are not dropped.
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError>;

    /// Moves keys in the order given and records the events, all or nothing. The answer is the
    /// version of the change.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the keys are not as the moves expect, so that the caller must read
    /// them again: a new key's id is taken, a key is not in the phase that it is to leave, a key would
    /// go back, or a server would have a second key for an algorithm that is announced or signs.
    async fn move_keys(&self, moves: &[KeyMove], events: &[AuditEvent]) -> Result<u64, StoreError>;
}

/// Where running leaves its traces.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Writes changes, all or none.
    ///
    /// Changes that [grant](Change::any_grants) are not written if the future is dropped before they
    /// are being made durable. Other changes are written once the future was polled, even if it is
    /// dropped then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if something that can be used once was used before,
    /// [`StoreError::Changed`] if a row is not in the state that a change begins from.
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// Deletes what nothing asks for any more, in transactions that are short enough for those who
    /// want to write meanwhile.
    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError>;
}

/// Under this name a [`InstallationStore`] keeps by which master key the secrets of the storage are sealed.
pub const MASTER_KEY_FINGERPRINT: &str = "master key fingerprint";

/// Where single texts are kept that the server needs to start.
#[async_trait]
pub trait InstallationStore: fmt::Debug + Send + Sync {
    /// Keeps a text under a name if there is none yet; the answer is what is there now.
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError>;

    /// The text that is kept under a name; none if there is none yet.
    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Fails if the storage would not serve, or would not take a write.
    async fn ping(&self) -> Result<(), StoreError>;
}
