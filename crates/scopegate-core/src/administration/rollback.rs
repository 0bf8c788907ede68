//! Makes the catalog what it was at an earlier version. That is a new version.
//!
//! A rollback undoes a mistake of one owner. It must not undo a protection: it restores no secret and no key of a
//! client or an issuer, it puts nothing in use that is out of use now, and it deletes no admin client.

mod denials;
mod note;
mod owners;
mod restored;

use std::collections::{BTreeMap, BTreeSet};

pub use self::note::Note;
use self::owners::Owned;
use self::restored::Restoring;
use super::edit_catalog::{CatalogDoor, EditError, Extra, Reach, References};
use super::history::{HistoryError, by_key, entities_at, plan_between};
use super::plan::Plan;
use crate::administration::apply::Mode;
use crate::catalog::{
    ClientId, Edit, Entity, EntityKey, EntityKind, Faults, Owner, Snapshot, Spec, named_by,
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
    /// Whose entities are restored. `None`: those of the only owner whose entities have changed since then. If
    /// there are several, those of [`Owner::File`].
    pub owner: Option<Owner>,
    /// The entities that are put in use again if they were in use at that version: the id of a client, or the kind
    /// and the id of another entity, such as `policy default/readers`.
    pub reactivate: &'a BTreeSet<String>,
    /// Whether the plan is written.
    pub mode: Mode,
    /// The version of the catalog that the plan was shown for. `None` if it was not shown.
    pub expected: Option<u64>,
}

/// The changes that were made, or in a dry run would be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rollback {
    /// Whose entities are restored.
    pub owner: Owner,
    /// The catalog before the changes.
    pub before: Snapshot,
    /// The changes.
    pub plan: Plan,
    /// What is not as it was at the restored version, and what ends for good.
    pub notes: Vec<Note>,
    /// The version of the catalog with the changes. In a dry run, the version before them.
    pub catalog_version: u64,
}

/// Why nothing was restored. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollbackError {
    /// The version cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// What shall be put in use was not there, or not in use, at that version.
    #[error("{0:?} was not in use at version {1}: leave out --reactivate {0:?}")]
    NotActiveThen(String, u64),
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
    /// The restored entities break rules.
    #[error("the restored catalog would break a rule, so nothing was changed:\n{}", Lines(.0))]
    Refused(Faults),
    /// The restored entities cannot be written.
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

impl From<EditError> for RollbackError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Refused(faults) => Self::Refused(faults),
            error => Self::Edit(error),
        }
    }
}

/// The entity and the rule that it breaks, one on each line.
struct Lines<'a>(&'a Faults);

impl std::fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MAX_SHOWN: usize = 20;
        let Faults { kept, more, .. } = self.0;
        for (index, fault) in kept.iter().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        match kept.len().saturating_sub(MAX_SHOWN) + more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// Makes the entities of an owner what they were at an earlier version, in one transaction.
///
/// # Errors
///
/// [`RollbackError`], and then nothing has changed.
pub async fn rollback<S: CatalogStore + CatalogHistory>(
    store: &S,
    door: &CatalogDoor<'_>,
    request: &RollbackRequest<'_>,
) -> Result<Rollback, RollbackError> {
    let RollbackRequest { version, owner, reactivate, mode, expected } = *request;
    let then = by_key(entities_at(store, version).await?);
    check_reactivated(&then, reactivate, version)?;
    let current = store.catalog_since(0).await?;
    let found = current.version;
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(RollbackError::Changed { expected, found });
    }
    let before = Snapshot::empty(door.base).after(current.clone());
    let now = by_key(current.edits.into_iter().filter_map(put).collect());
    let mut notes = Vec::new();
    let Owned { owner, then, now: owned } = owners::select(owner, then, &now, &mut notes);
    let mut restored = BTreeMap::new();
    let mut restoring = Restoring { reactivate, notes: &mut notes };
    for (key, entity) in then {
        let entity = restoring.entity(entity, owned.get(&key))?;
        restored.insert(key, entity);
    }
    keep_admin_clients(&owned, &mut restored, &mut notes);
    let plan = plan_between(&owned, restored);
    note_losses(&plan, &now, &mut notes);
    notes.sort();
    let done = |plan, catalog_version| Rollback {
        owner,
        before: before.clone(),
        plan,
        notes,
        catalog_version,
    };
    if plan.is_empty() {
        return Ok(done(plan, found));
    }
    if mode == Mode::DryRun {
        door.check(&before, plan.edits(), References::MayBeGone)?;
        return Ok(done(plan, found));
    }
    let files = rolled_back_files(store, &plan).await?;
    let extra = Extra { files: &files, restored: Some(version), ..Extra::default() };
    let reach = Reach::Restored(owner);
    match door.write(&before, plan.edits().to_vec(), reach, extra).await {
        Ok(catalog_version) => Ok(done(plan, catalog_version)),
        Err(EditError::Storage(StoreError::Conflict)) => {
            let now = store.catalog_version().await?;
            Err(RollbackError::Changed { expected: found, found: now })
        }
        Err(error) => Err(error.into()),
    }
}

fn put(edit: Edit) -> Option<Entity> {
    match edit {
        Edit::Delete(_) => None,
        Edit::Put(entity) => Some(entity),
    }
}

/// How `--reactivate` names an entity.
fn reactivation_name(key: &EntityKey) -> String {
    match key.kind {
        EntityKind::Client => key.name.clone(),
        _ => key.to_string(),
    }
}

/// Refuses to put in use what was not in use at the version.
fn check_reactivated(
    then: &BTreeMap<EntityKey, Entity>,
    reactivate: &BTreeSet<String>,
    version: u64,
) -> Result<(), RollbackError> {
    if reactivate.is_empty() {
        return Ok(());
    }
    let active = then.values().filter(|entity| match &entity.spec {
        Spec::Client(client) => client.status.is_active(),
        spec => restored::status(spec).is_some_and(|status| status.is_active()),
    });
    let active: BTreeSet<String> = active.map(|entity| reactivation_name(&entity.key)).collect();
    match reactivate.iter().find(|name| !active.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(RollbackError::NotActiveThen(name.clone(), version)),
    }
}

/// Keeps the admin clients that were made since then. Otherwise a rollback could take the administration away.
fn keep_admin_clients(
    now: &BTreeMap<EntityKey, Entity>,
    restored: &mut BTreeMap<EntityKey, Entity>,
    notes: &mut Vec<Note>,
) {
    for (key, entity) in
        now.iter().filter(|(key, _)| !restored.contains_key(key)).collect::<Vec<_>>()
    {
        if let (Spec::Client(client), Some(id)) = (&entity.spec, client_id(key))
            && client.admin
        {
            notes.push(Note::AdminStays(id));
            restored.insert(key.clone(), entity.clone());
        }
    }
}

/// Notes what the plan ends for good, and what it leaves without the client that it names.
fn note_losses(plan: &Plan, now: &BTreeMap<EntityKey, Entity>, notes: &mut Vec<Note>) {
    let after: BTreeMap<&EntityKey, Option<&Entity>> =
        plan.changes().map(|change| (change.key, change.after)).collect();
    let is_there = |key: &EntityKey| match after.get(key) {
        Some(entity) => entity.is_some(),
        None => now.contains_key(key),
    };
    for change in plan.changes() {
        let key = change.key;
        match (key.kind, change.after) {
            (EntityKind::Client, None) => notes.extend(client_id(key).map(Note::DeletesClient)),
            (EntityKind::TrustedIssuer, None) => notes.push(Note::DeletesIssuer(key.clone())),
            (_, None) => {}
            (_, Some(entity)) => {
                let clients = named_by(entity).into_iter();
                let clients = clients.filter(|named| named.kind == EntityKind::Client);
                let gone = clients.filter(|client| !is_there(client));
                notes.extend(gone.map(|client| Note::NamesNobody(key.clone(), client)));
            }
        }
    }
    let ended = denials::ended(now, &after);
    notes.extend(ended.into_iter().map(Note::DenyRuleEnds));
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
