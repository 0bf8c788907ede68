//! The traits that a storage implements. Each part of the server uses the smallest one that it
//! needs.

mod artifact;
mod change;
mod consent;
mod family;
mod history;
#[cfg(any(test, feature = "memory-store"))]
pub mod memory;
mod news;
mod records;
mod review;
mod sealed;
mod session;
mod signing_key;
mod standing;
mod upkeep;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_jose::Algorithm;

pub use self::artifact::{Artifact, ArtifactKind, ArtifactName};
pub use self::change::{Change, Ended};
pub use self::consent::ConsentKey;
pub use self::family::{Family, FamilyBody, FamilyId};
pub use self::history::{
    AppliedContent, AppliedFile, CatalogHistory, CatalogVersion, FileMark, Undo, VersionRecord,
};
pub use self::news::KeyChanges;
pub use self::records::{Directory, Records, StoredPassword, UserKey};
pub use self::review::{AuditFilter, OutcomeFilter, Review, StoredEvent};
pub use self::sealed::{MasterKeyChange, ResealedRow, Resealing, SealedKey, SealedKind, SealedRow};
pub use self::session::Session;
pub use self::signing_key::{KeyMove, KeyPhase, StoredKey};
pub use self::standing::{FamilyState, Standing, TokenMark};
pub use self::upkeep::Upkeep;
use crate::audit::AuditEvent;
pub use crate::catalog::{CatalogChanges, Versions};
use crate::catalog::{Edit, EntityId, EntityKey, Owner, ServerId, StoredRecord, UnreadableRow};
use crate::directory::NewUser;
pub use crate::directory::SessionId;

/// Why an operation of a storage failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A concurrent commit won: a new row exists already, or the expected version is no longer the
    /// current one.
    #[error("the stored state has changed meanwhile")]
    Conflict,
    /// A row is not in the state that the commit expects. The caller must decide again by the
    /// current state.
    #[error("the stored {} has changed meanwhile", .0.as_str())]
    Changed(Contested),
    /// A row cannot be read, because another version wrote it, or it was changed by hand.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
    /// This version cannot read a row. The row says what is out of service on this node.
    #[error(transparent)]
    Unreadable(Arc<UnreadableRow>),
    /// The storage does not answer, or it cannot write.
    #[error("the storage is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<Arc<UnreadableRow>> for StoreError {
    fn from(row: Arc<UnreadableRow>) -> Self {
        Self::Unreadable(row)
    }
}

/// The kind of row that a concurrent commit changed first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the kinds of rows that commits expect in a state"
)]
pub enum Contested {
    /// An authorization code, a device code, a pushed authorization request, or an assertion.
    Artifact,
    /// A client or a server of the catalog.
    Catalog,
    /// A family of refresh tokens.
    Family,
    /// A session.
    Session,
    /// A user.
    User,
}

impl Contested {
    /// The name in messages.
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

/// A storage that implements all traits.
pub trait Store:
    CatalogStore
    + CatalogHistory
    + KeyStore
    + Ledger
    + Records
    + Directory
    + InstallationStore
    + Upkeep
    + Review
{
}

impl<S> Store for S where
    S: CatalogStore
        + CatalogHistory
        + KeyStore
        + Ledger
        + Records
        + Directory
        + InstallationStore
        + Upkeep
        + Review
{
}

/// What one transaction writes of the catalog.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a storage that ignores a part loses it")]
pub struct CatalogWrite<'a> {
    /// The version that the catalog must have.
    pub expected: u64,
    /// The changes. Shared, because a storage may write them on another thread and there may be a million.
    pub edits: Arc<[Edit]>,
    /// When they are made.
    pub at: UnixTime,
    /// The ids of entities that are new. One that is not among them gets an id here. An entity that is
    /// there keeps its own.
    pub ids: &'a [(EntityKey, EntityId)],
    /// The catalog files that are the last applied ones afterwards, at most one for each owner.
    pub files: &'a [FileMark],
    /// Users to make. Those whose login is known are left alone.
    pub seeds: &'a [NewUser],
    /// The record of each change: who made it, and what was there before.
    pub events: Arc<[AuditEvent]>,
    /// The entry in the history. Without one, no earlier version can be read any more.
    pub record: Option<&'a VersionRecord>,
}

impl<'a> CatalogWrite<'a> {
    /// Changes without an audit event. Only tests may write them: a product change has an actor.
    #[cfg(any(test, feature = "memory-store"))]
    pub fn new(expected: u64, edits: &[Edit], at: UnixTime) -> Self {
        let (ids, files, seeds, events) = (&[], &[], &[], Arc::default());
        Self { expected, edits: edits.into(), at, ids, files, seeds, events, record: None }
    }

    /// What the row of each entity keeps besides, if the entity is new.
    pub fn new_records(&self) -> HashMap<&EntityKey, StoredRecord> {
        let ids: HashMap<_, _> = self.ids.iter().map(|(key, id)| (key, id)).collect();
        let put = self.edits.iter().filter(|edit| matches!(edit, Edit::Put(_)));
        let record = |edit| {
            let key = Edit::key(edit);
            let generate = || EntityId::generate(key.kind);
            let id = ids.get(key).map_or_else(generate, |id| (*id).clone());
            (key, StoredRecord::new(&id, self.at))
        };
        put.map(record).collect()
    }
}

/// Stores the catalog: versioned rows, one for each entity.
#[async_trait]
pub trait CatalogStore: fmt::Debug + Send + Sync {
    /// The versions of the catalog and of the signing keys, both at the same moment.
    async fn versions(&self) -> Result<Versions, StoreError>;

    /// The version of the newest change of the catalog; 0 if there never was one.
    async fn catalog_version(&self) -> Result<u64, StoreError> {
        Ok(self.versions().await?.catalog)
    }

    /// All changes after a version, oldest first. After version 0 this is the whole catalog.
    ///
    /// An entity that changed more than once occurs once, in its current state. A row that this
    /// version of the program cannot read is returned as unreadable, and is not an error.
    async fn catalog_since(&self, version: u64) -> Result<CatalogChanges, StoreError>;

    /// Writes changes of the catalog, all or none, if it still has the expected version. The answer is
    /// the new version.
    ///
    /// Only [`administration`](crate::administration) calls it: there the changes are checked, and the
    /// audit events made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the catalog has another version meanwhile; [`StoreError::Corrupt`] if
    /// an edit would overwrite a row of a newer format.
    async fn edit_catalog(&self, write: &CatalogWrite<'_>) -> Result<u64, StoreError>;

    /// Those of the given logins that exist, in the given spelling.
    async fn known_logins(&self, logins: &[String]) -> Result<BTreeSet<String>, StoreError>;

    /// The newest catalog file that was applied for an owner.
    async fn catalog_file(&self, owner: Owner) -> Result<AppliedFile, StoreError>;

    /// The version of the newest catalog file that was applied for the owner `file`; 0 if none was.
    async fn catalog_file_version(&self) -> Result<u64, StoreError> {
        Ok(self.catalog_file(Owner::File).await?.version)
    }
}

/// Stores signing keys, sealed.
#[async_trait]
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// The keys that changed after a version. After version 0 these are all keys of all servers
    /// that are not dropped.
    async fn keys_since(&self, version: u64) -> Result<KeyChanges, StoreError>;

    /// Moves keys in the given order and records the events, in one transaction. Returns the
    /// version of the change.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the keys are not as the moves expect. Then the caller must read
    /// them again. It means that the id of a new key exists, that a key is not in the phase that it
    /// should leave, that a key would return to an earlier phase, or that a server would have two
    /// announced or two signing keys of one algorithm.
    async fn move_keys(&self, moves: &[KeyMove], events: &[AuditEvent]) -> Result<u64, StoreError>;

    /// Claims to generate a key, so that only one node spends the time for an RSA key. Returns the
    /// claim that holds: the first one, until the key is stored. A claim takes the place of another
    /// one, `instead_of`, whose node has not stored the key in time.
    ///
    /// The default grants every claim. Then each node generates a key, and the first one that is
    /// stored is used.
    async fn claim_key(
        &self,
        server: &ServerId,
        algorithm: Algorithm,
        claim: &str,
        instead_of: Option<&str>,
    ) -> Result<String, StoreError> {
        let _ = (server, algorithm, instead_of);
        Ok(claim.to_owned())
    }
}

/// Stores what requests create: codes, sessions, refresh tokens, consents, revocations, users and
/// audit events.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Writes changes in one transaction.
    ///
    /// Changes that [grant](Change::any_grants) something are not written if the future is dropped
    /// before the transaction is being committed. Other changes are written once the future was
    /// polled, even if it is dropped after that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if something that can be used once was used before;
    /// [`StoreError::Changed`] if a row is not in the state that a change expects.
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// Deletes expired rows, in short transactions, so that other writers do not wait for long.
    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError>;
}

/// The name under which an [`InstallationStore`] keeps the fingerprint of the master key that seals
/// the secrets of the storage.
pub const MASTER_KEY_FINGERPRINT: &str = "master key fingerprint";

/// Stores single texts that the server needs to start.
#[async_trait]
pub trait InstallationStore: fmt::Debug + Send + Sync {
    /// Stores a text under a name if there is none yet. Returns the stored text.
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError>;

    /// The text that is stored under a name; `None` if there is none yet.
    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Fails if the storage cannot be read or written.
    async fn ping(&self) -> Result<(), StoreError>;
}
