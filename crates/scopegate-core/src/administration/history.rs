//! Reads the history of the catalog: what it was at a version, what a version changed, and who made it.

mod log;

use std::collections::BTreeMap;
use std::sync::Arc;

use scopegate_claims::Issuer;

pub use self::log::{LogEntry, log};
use super::plan::Plan;
use crate::authority::Authority;
use crate::catalog::{
    CatalogChanges, Edit, Entity, EntityKey, ReadRow, RowKey, Snapshot, StoredRow, UnreadableRow,
};
use crate::store::{CatalogHistory, CatalogStore, StoreError, Undo};

/// Maximum attempts when the catalog changes between two reads.
const ATTEMPTS: usize = 5;

/// Why an earlier version of the catalog cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is no such version yet.
    #[error("there is no version {version} of the catalog: the newest is {current}")]
    Unknown {
        /// The version.
        version: u64,
        /// The version of the catalog now.
        current: u64,
    },
    /// The version is too old, or a program without history has written a later one.
    #[error("version {version} of the catalog is not kept: {}", Oldest(*.oldest))]
    NotKept {
        /// The version.
        version: u64,
        /// The oldest version that can be read.
        oldest: u64,
    },
    /// This program cannot read a row of that version.
    #[error(transparent)]
    Unreadable(Box<UnreadableRow>),
    /// The catalog changed during each attempt to read it.
    #[error("the catalog was changed by somebody else {ATTEMPTS} times meanwhile: try again")]
    Busy,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

struct Oldest(u64);

impl std::fmt::Display for Oldest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the oldest is {}", self.0)
    }
}

/// The catalog at a version, for example the one that a decision was made by.
///
/// Clients that were changed since then have no secrets in it.
///
/// # Errors
///
/// [`HistoryError`].
pub async fn catalog_at<S: CatalogStore + CatalogHistory + ?Sized>(
    store: &S,
    base: &Issuer,
    version: u64,
) -> Result<Snapshot, HistoryError> {
    let (current, undo) = current_and_undo(store, version).await?;
    let mut earlier = CatalogChanges::none(version);
    for row in rows_at(version, undo.rows).into_values() {
        match row.read() {
            ReadRow::Edit(edit) => earlier.edits.push(edit),
            ReadRow::Gone(key) => earlier.gone.push(key),
            ReadRow::Unreadable(row) => earlier.unreadable.push(row),
        }
    }
    Ok(Snapshot::empty(base).after(current).after(earlier))
}

impl Authority {
    /// The catalog at a version, for example the one that a decision was made by.
    ///
    /// Clients that were changed since then have no secrets in it.
    ///
    /// # Errors
    ///
    /// [`HistoryError`].
    pub async fn catalog_at(&self, version: u64) -> Result<Arc<Snapshot>, HistoryError> {
        let now = self.catalog();
        if now.version() == version {
            return Ok(now);
        }
        catalog_at(&*self.store, &now.org().issuer, version).await.map(Arc::new)
    }
}

/// All entities of the catalog at a version, without secrets.
///
/// # Errors
///
/// [`HistoryError`].
pub async fn entities_at<S: CatalogStore + CatalogHistory + ?Sized>(
    store: &S,
    version: u64,
) -> Result<Vec<Entity>, HistoryError> {
    let (current, undo) = current_and_undo(store, version).await?;
    let mut entities = without_secrets(current)?;
    for row in rows_at(version, undo.rows).into_values() {
        match read(row)? {
            Some(Edit::Delete(key)) => drop(entities.remove(&key)),
            Some(Edit::Put(entity)) => drop(entities.insert(entity.key.clone(), entity)),
            None => {}
        }
    }
    Ok(entities.into_values().collect())
}

/// What makes the catalog of one version that of another. Changes of secrets are not known.
///
/// # Errors
///
/// [`HistoryError`].
pub async fn difference_between<S: CatalogStore + CatalogHistory + ?Sized>(
    store: &S,
    from: u64,
    to: u64,
) -> Result<Plan, HistoryError> {
    let (before, after) = (entities_at(store, from).await?, entities_at(store, to).await?);
    Ok(plan_between(&by_key(before), by_key(after)))
}

/// The edits that make one set of entities another one: parents are put before their children, and deleted
/// after them.
pub(super) fn plan_between(
    before: &BTreeMap<EntityKey, Entity>,
    after: BTreeMap<EntityKey, Entity>,
) -> Plan {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    // The keys are ordered by kind, parents first.
    let gone: Vec<Edit> = gone.rev().cloned().map(Edit::Delete).collect();
    let edits = after.into_values().map(Edit::Put).chain(gone).collect();
    Plan::of_edits(edits, |key| before.get(key).cloned())
}

pub(super) fn by_key(entities: Vec<Entity>) -> BTreeMap<EntityKey, Entity> {
    entities.into_iter().map(|entity| (entity.key.clone(), entity)).collect()
}

/// The catalog now, and what undoes the changes after a version, both of the same moment.
async fn current_and_undo<S: CatalogStore + CatalogHistory + ?Sized>(
    store: &S,
    version: u64,
) -> Result<(CatalogChanges, Undo), HistoryError> {
    for _ in 0..ATTEMPTS {
        let undo = store.undo_since(version).await?;
        if version > undo.current {
            return Err(HistoryError::Unknown { version, current: undo.current });
        }
        if !undo.reaches(version) {
            let oldest = oldest(&undo);
            return Err(HistoryError::NotKept { version, oldest });
        }
        let current = store.catalog_since(0).await?;
        if current.version == undo.current {
            return Ok((current, undo));
        }
    }
    Err(HistoryError::Busy)
}

/// The oldest version that can be read.
fn oldest(undo: &Undo) -> u64 {
    let kept = undo.versions.iter().zip((0..=undo.current).rev());
    let kept = kept.take_while(|(kept, expected)| *kept == expected).count();
    undo.current - kept as u64
}

/// The rows as they were at a version, of those that changed since then.
fn rows_at(version: u64, newest_first: Vec<(u64, StoredRow)>) -> BTreeMap<RowKey, StoredRow> {
    let later = newest_first.into_iter().filter(|(changed_by, _)| *changed_by > version);
    // The state before the oldest change is the last one, and replaces the others.
    later.map(|(_, row)| (row.key.clone(), row)).collect()
}

/// The entities of the catalog now, without secrets.
fn without_secrets(current: CatalogChanges) -> Result<BTreeMap<EntityKey, Entity>, HistoryError> {
    if let Some(row) = current.unreadable.into_iter().next() {
        return Err(HistoryError::Unreadable(Box::new(row)));
    }
    let entities = current.edits.into_iter().filter_map(|edit| match edit {
        Edit::Delete(_) => None,
        Edit::Put(entity) => {
            let spec = entity.spec.forgetting_secrets();
            Some((entity.key.clone(), Entity { spec, ..entity }))
        }
    });
    Ok(entities.collect())
}

/// The edit that restores a row. `None` for a deleted row of an unknown kind.
fn read(row: StoredRow) -> Result<Option<Edit>, HistoryError> {
    match row.read() {
        ReadRow::Edit(edit) => Ok(Some(edit)),
        ReadRow::Gone(_) => Ok(None),
        ReadRow::Unreadable(row) => Err(HistoryError::Unreadable(Box::new(row))),
    }
}

#[cfg(test)]
mod tests;
