//! A storage in memory, for tests. Tests can make it fail.

mod catalog;
mod faults;
mod interruption;
mod keys;
mod ledger;
mod records;
mod review;
mod unchecked_catalog;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::audit::AuditEvent;
use crate::catalog::UserId;
use crate::catalog::{RowKey, StoredRecord, StoredRow};
use crate::directory::{NewUser, User};
use crate::store::{
    Artifact, ArtifactKind, ConsentKey, Family, FamilyId, InstallationStore, Session, SessionId,
    StoreError, StoredPassword,
};
use async_trait::async_trait;
use scopegate_claims::{ScopeSet, UnixTime};

use self::faults::{Faults, Use};
use self::interruption::Interruption;
use self::keys::Keys;
pub use self::unchecked_catalog::UncheckedCatalog;

/// A storage in memory. Clones share the same data.
///
/// It passes the same conformance tests as the databases.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    memory: Mutex<Memory>,
    faults: Faults,
    before_changes: Interruption,
}

#[derive(Debug, Default)]
struct Memory {
    rows: Rows,
    /// The audit events, oldest first. They are not copied for a commit, because they are only
    /// appended.
    events: Vec<AuditEvent>,
}

/// All rows except audit events. A commit changes a copy, so that it is applied completely or not
/// at all.
#[derive(Clone, Debug, Default)]
struct Rows {
    version: u64,
    file_version: u64,
    /// Each entity with the version of its newest change and its position in that change. Deleted
    /// entities keep a row without a body.
    entities: BTreeMap<RowKey, ((u64, usize), StoredRow)>,
    /// What is kept of each entity besides.
    records: BTreeMap<RowKey, StoredRecord>,
    keys: Keys,
    assertions: HashMap<(String, String), UnixTime>,
    texts: HashMap<String, String>,
    artifacts: HashMap<(ArtifactKind, [u8; 32]), Artifact>,
    families: HashMap<FamilyId, Family>,
    sessions: HashMap<SessionId, Session>,
    consents: HashMap<ConsentKey, ScopeSet>,
    revoked: HashMap<[u8; 32], UnixTime>,
    /// The users, by [`User::login_key`].
    users: BTreeMap<String, User>,
    passwords: HashMap<UserId, StoredPassword>,
    /// When each client was last authenticated.
    uses: HashMap<String, UnixTime>,
}

impl Rows {
    /// Stores a new user. Returns false if the login or the id exists.
    fn put_user(&mut self, new: &NewUser) -> bool {
        let key = User::login_key(&new.user.login);
        if self.users.contains_key(&key) || self.user_of(&new.user.id).is_some() {
            return false;
        }
        self.users.insert(key, new.user.clone());
        let password = new.sealed_password.clone();
        let password = password.map(|sealed| StoredPassword { sealed, generation: 0 });
        self.passwords.extend(password.map(|password| (new.user.id.clone(), password)));
        true
    }

    fn user_of(&self, id: &UserId) -> Option<&User> {
        self.users.values().find(|known| known.id == *id)
    }
}

/// The number of rows of each kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sizes {
    /// Artifacts, used or not.
    pub artifacts: usize,
    /// Used assertions.
    pub assertions: usize,
    /// Consents.
    pub consents: usize,
    /// Audit events.
    pub events: usize,
    /// Families of refresh tokens, ended or not.
    pub families: usize,
    /// Families of refresh tokens that were not ended early.
    pub lasting_families: usize,
    /// Revoked access tokens.
    pub revoked_tokens: usize,
    /// Sessions.
    pub sessions: usize,
    /// Users.
    pub users: usize,
}

impl MemoryStore {
    /// The audit events, oldest first.
    pub fn events(&self) -> Vec<AuditEvent> {
        self.memory().events.clone()
    }

    /// The number of rows of each kind.
    pub fn sizes(&self) -> Sizes {
        let Memory { rows, events } = &*self.memory();
        Sizes {
            artifacts: rows.artifacts.len(),
            assertions: rows.assertions.len(),
            consents: rows.consents.len(),
            events: events.len(),
            families: rows.families.len(),
            lasting_families: rows.families.values().filter(|family| !family.revoked).count(),
            revoked_tokens: rows.revoked.len(),
            sessions: rows.sessions.len(),
            users: rows.users.len(),
        }
    }

    /// Locks the data for an operation. Every operation calls this, so this is where faults apply.
    async fn open(&self, to: Use) -> Result<MutexGuard<'_, Memory>, StoreError> {
        self.0.faults.admit(to).await?;
        Ok(self.memory())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No operation panics in the middle of a change, so a poisoned lock can be ignored.
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl InstallationStore for MemoryStore {
    async fn keep(&self, name: &str, text: &str) -> Result<String, StoreError> {
        let texts = &mut self.open(Use::Other).await?.rows.texts;
        Ok(texts.entry(name.to_owned()).or_insert_with(|| text.to_owned()).clone())
    }

    async fn kept(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.open(Use::Other).await?.rows.texts.get(name).cloned())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.open(Use::Other).await.map(drop)
    }
}
