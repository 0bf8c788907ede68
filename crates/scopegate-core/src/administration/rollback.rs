//! Makes the catalog what it was at an earlier version. That is a new version.
//!
//! A rollback undoes a mistake. It must not undo a protection: it restores no secret and no key of a client or
//! an issuer, and it enables no client that is disabled or deleted now.

mod restored;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::edit_catalog::{CatalogDoor, EditError, Extra, Reach};
use super::history::{HistoryError, by_key, entities_at, plan_between};
use super::plan::Plan;
use crate::administration::apply::Mode;
use crate::catalog::{
    ClientId, Edit, Entity, EntityKey, EntityKind, Owner, Snapshot, Spec, Status,
};
use crate::store::{
    AppliedContent, AppliedFile, CatalogHistory, CatalogStore, FileMark, StoreError,
};

/// Which version is restored, and how.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct RollbackRequest<'a> {
    /// The version.
    pub version: u64,
    /// The clients that are enabled if they were enabled at that version.
    pub reactivate: &'a BTreeSet<ClientId>,
    /// Whether the plan is written.
    pub mode: Mode,
    /// The version of the catalog that the plan was shown for. `None` if it was not shown.
    pub expected: Option<u64>,
}

/// The changes that were made, or in a dry run would be made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rollback {
    /// The changes.
    pub plan: Plan,
    /// What is not as it was at the restored version.
    pub notes: Vec<Note>,
    /// The version of the catalog with the changes. In a dry run, the version before them.
    pub catalog_version: u64,
}

/// Something that a rollback does not restore.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Note {
    /// A client was deleted since then. It is created again without its credentials.
    CreatedAgain(ClientId, Status),
    /// A client keeps its present authentication method and keys.
    KeepsCredentials(ClientId),
    /// An issuer was removed since then. It is created again without its keys.
    IssuerWithoutKeys(EntityKey),
    /// An issuer keeps its present keys.
    IssuerKeepsKeys(EntityKey),
    /// A client was enabled then and is disabled now. It stays disabled.
    StaysInactive(ClientId),
    /// A client had admin rights then. It does not get them back.
    NoAdmin(ClientId),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatedAgain(id, Status::Inactive) => write!(
                f,
                "client {id} is created again, disabled and without its credentials: \
                 --reactivate {id} enables it"
            ),
            Self::CreatedAgain(id, Status::Active) => {
                write!(f, "client {id} is created again without its credentials: give it new ones")
            }
            Self::KeepsCredentials(id) => {
                write!(f, "client {id} keeps its present authentication method and keys")
            }
            Self::IssuerWithoutKeys(key) => {
                write!(f, "{key} is created again without its keys: give it new ones")
            }
            Self::IssuerKeepsKeys(key) => write!(f, "{key} keeps its present keys"),
            Self::StaysInactive(id) => {
                write!(f, "client {id} stays disabled: --reactivate {id} enables it")
            }
            Self::NoAdmin(id) => write!(
                f,
                "client {id} gets no admin rights back: make an admin client with \
                 `scopegate clients create --admin`"
            ),
        }
    }
}

/// Why nothing was restored. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// The version cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A client that shall be enabled was not there, or not enabled, at that version.
    #[error("client {0} was not enabled at version {1}: leave out --reactivate {0}")]
    NotActiveThen(ClientId, u64),
    /// The catalog has changed since the plan was shown.
    #[error(
        "the catalog has changed from version {expected} to {found} since the plan was shown: nothing was \
         changed, look at the new plan"
    )]
    Changed {
        /// The version of the catalog that the plan was shown for.
        expected: u64,
        /// The version of the catalog now.
        found: u64,
    },
    /// The restored entities break a rule.
    #[error(transparent)]
    Edit(EditError),
    /// A key could not be made.
    #[error("no key could be made for a client without credentials")]
    Key,
}

impl From<StoreError> for RollbackError {
    fn from(error: StoreError) -> Self {
        Self::History(error.into())
    }
}

/// Makes the catalog what it was at an earlier version, in one transaction.
///
/// # Errors
///
/// [`RollbackError`], and then nothing has changed.
pub async fn rollback<S: CatalogStore + CatalogHistory>(
    store: &S,
    door: &CatalogDoor<'_>,
    request: &RollbackRequest<'_>,
) -> Result<Rollback, RollbackError> {
    let RollbackRequest { version, reactivate, mode, expected } = *request;
    let then = entities_at(store, version).await?;
    check_reactivated(&then, reactivate, version)?;
    let current = store.catalog_since(0).await?;
    let found = current.version;
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(RollbackError::Changed { expected, found });
    }
    let catalog = Snapshot::empty(door.base).after(current.clone());
    let now = by_key(current.edits.into_iter().filter_map(put).collect());
    let mut notes = Vec::new();
    let mut restored = BTreeMap::new();
    for entity in then {
        let present = now.get(&entity.key);
        let entity = restored::entity(entity, present, reactivate, &mut notes)?;
        restored.insert(entity.key.clone(), entity);
    }
    notes.sort();
    let plan = plan_between(&now, restored);
    if plan.is_empty() {
        return Ok(Rollback { plan, notes, catalog_version: found });
    }
    if mode == Mode::DryRun {
        door.check(&catalog, plan.edits()).map_err(RollbackError::Edit)?;
        return Ok(Rollback { plan, notes, catalog_version: found });
    }
    let files = rolled_back_files(store, &plan).await?;
    let extra = Extra { files: &files, restored: Some(version), ..Extra::default() };
    match door.write(&catalog, plan.edits().to_vec(), Reach::All, extra).await {
        Ok(catalog_version) => Ok(Rollback { plan, notes, catalog_version }),
        Err(EditError::Storage(StoreError::Conflict)) => {
            let now = store.catalog_version().await?;
            Err(RollbackError::Changed { expected: found, found: now })
        }
        Err(error) => Err(RollbackError::Edit(error)),
    }
}

fn put(edit: Edit) -> Option<Entity> {
    match edit {
        Edit::Delete(_) => None,
        Edit::Put(entity) => Some(entity),
    }
}

/// Refuses to enable a client that was not enabled at the version.
fn check_reactivated(
    then: &[Entity],
    reactivate: &BTreeSet<ClientId>,
    version: u64,
) -> Result<(), RollbackError> {
    let active = then.iter().filter(|entity| match &entity.spec {
        Spec::Client(client) => client.status.is_active(),
        _ => false,
    });
    let active: BTreeSet<&str> = active.map(|entity| entity.key.name.as_str()).collect();
    match reactivate.iter().find(|id| !active.contains(id.as_str())) {
        None => Ok(()),
        Some(id) => Err(RollbackError::NotActiveThen(id.clone(), version)),
    }
}

/// The files whose entities change. The same version of such a file is not applied again by mistake, for
/// example by a node that restarts.
async fn rolled_back_files<S: CatalogStore>(
    store: &S,
    plan: &Plan,
) -> Result<Vec<FileMark>, StoreError> {
    let mut owners: Vec<Owner> = Vec::new();
    for change in plan.changes() {
        for entity in change.before.into_iter().chain(change.after) {
            if entity.owner.is_file() && !owners.contains(&entity.owner) {
                owners.push(entity.owner);
            }
        }
    }
    let mut marks = Vec::new();
    for owner in owners {
        let AppliedFile { version, .. } = store.catalog_file(owner).await?;
        if version > 0 {
            let file = AppliedFile { version, content: AppliedContent::RolledBack };
            marks.push(FileMark { owner, file });
        }
    }
    Ok(marks)
}

/// The id of a client.
fn client_id(key: &EntityKey) -> Option<ClientId> {
    (key.kind == EntityKind::Client).then(|| ClientId::parse(&key.name).ok())?
}

#[cfg(test)]
mod tests;
