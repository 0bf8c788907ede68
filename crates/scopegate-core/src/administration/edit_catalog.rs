//! All changes of the catalog go through [`CatalogDoor`].
//!
//! A change is checked against the version of the catalog that it was decided on. It is written together
//! with its audit event, in one transaction. If the catalog has changed since then, nothing is written, and
//! the change must be decided again.

mod history;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scopegate_claims::{Issuer, UnixTime};

use crate::audit::{Actor, ActorKind, catalog_changed};
use crate::authority::Authority;
use crate::catalog::{
    Edit, Entity, EntityId, EntityKey, EntityKind, Fault, Faults, Owner, Snapshot, Spec,
    UnreadableRow, View, check, check_places,
};
use crate::directory::NewUser;
use crate::store::{CatalogStore, CatalogWrite, FileMark, StoreError};
use crate::{client_auth, grants};

/// Maximum attempts when a concurrent change wins.
const ATTEMPTS: usize = 5;

/// Changes of the catalog that belong together.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct CatalogEdit {
    /// The version of the catalog that the changes were decided on.
    pub expected: u64,
    /// The changes.
    pub edits: Vec<Edit>,
    /// The owner of the entities. Entities of another owner are not changed.
    pub owner: Owner,
    /// Who makes the changes, for the audit log.
    pub actor: Actor,
}

/// Why the catalog was not changed.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum EditError {
    /// The entity belongs to another owner.
    #[error("{0} is owned by {1}: change it there")]
    NotOwned(EntityKey, Owner),
    /// The changes break rules of the catalog.
    #[error("{}", Lines(.0))]
    Refused(Faults),
    /// This version cannot read a row that may be the changed entity, or may conflict with it.
    #[error("{0}; use the newer version of scopegate that wrote this")]
    Unreadable(Arc<UnreadableRow>),
    /// A concurrent change won every time.
    #[error("the catalog was changed by somebody else {ATTEMPTS} times meanwhile: try again")]
    Busy,
    /// The storage failed, or has another version of the catalog ([`StoreError::Conflict`]).
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// Changes that were decided on one state of the catalog.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Decided {
    /// The changes.
    pub edits: Vec<Edit>,
    /// The entities that have another name afterwards: the old key, which is deleted, and the new one, which is
    /// put. They keep their ids.
    pub renamed: Vec<(EntityKey, EntityKey)>,
}

/// Writes changes of the catalog, with their checks and audit events.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct CatalogDoor<'a> {
    /// The storage.
    pub store: &'a dyn CatalogStore,
    /// The base URL, the issuer of the org server.
    pub base: &'a Issuer,
    /// Who makes the changes.
    pub actor: &'a Actor,
    /// The current time.
    pub now: UnixTime,
}

impl CatalogDoor<'_> {
    /// Reads the catalog, calls `decide` for the changes, and writes them. If a concurrent change wins,
    /// this is repeated with the new catalog.
    ///
    /// # Errors
    ///
    /// [`EditError`], or the error of `decide`. Nothing has changed then.
    pub async fn edit<E: From<EditError>>(
        &self,
        owner: Owner,
        decide: impl Fn(&Snapshot) -> Result<Vec<Edit>, E>,
    ) -> Result<u64, E> {
        for _ in 0..ATTEMPTS {
            let catalog = self.catalog().await.map_err(EditError::from)?;
            let edits = decide(&catalog)?;
            match self.write(&catalog, edits, Reach::Own(owner), Extra::default()).await {
                Err(EditError::Storage(StoreError::Conflict)) => {}
                answer => return Ok(answer?),
            }
        }
        Err(EditError::Busy.into())
    }

    /// The same for one entity of any owner, which keeps its owner. The change may put a client on hold, or
    /// lift its hold.
    pub(crate) async fn edit_held<E: From<EditError>>(
        &self,
        decide: impl Fn(&Snapshot) -> Result<Entity, E>,
    ) -> Result<u64, E> {
        for _ in 0..ATTEMPTS {
            let catalog = self.catalog().await.map_err(EditError::from)?;
            let entity = decide(&catalog)?;
            let extra = Extra { holds: Holds::Changed, ..Extra::default() };
            let reach = Reach::Own(entity.owner);
            match self.write(&catalog, vec![Edit::Put(entity)], reach, extra).await {
                Err(EditError::Storage(StoreError::Conflict)) => {}
                answer => return Ok(answer?),
            }
        }
        Err(EditError::Busy.into())
    }

    /// The stored catalog.
    async fn catalog(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::empty(self.base).after(self.store.catalog_since(0).await?))
    }

    /// Writes changes that were decided on `catalog`. Returns the new version.
    pub(crate) async fn write(
        &self,
        catalog: &Snapshot,
        mut edits: Vec<Edit>,
        reach: Reach,
        Extra { files, seeds, restored, renamed, holds }: Extra<'_>,
    ) -> Result<u64, EditError> {
        for edit in &mut edits {
            note_secret_times(edit, catalog, self.now);
            if holds == Holds::Kept {
                keep_hold(edit, catalog);
            }
        }
        let mut entry = history::Entry::default();
        let mut events = Vec::with_capacity(edits.len());
        let (mut changed, mut ids) = (Vec::with_capacity(edits.len()), Vec::new());
        let mut edited: HashMap<&EntityKey, Option<&Entity>> = HashMap::new();
        let mut kept = HashSet::new();
        for edit in &edits {
            let (key, after) = (edit.key(), after(edit));
            let stored = catalog.entity(key);
            self.admit(catalog, edit, stored.as_ref(), reach)?;
            let before = edited.insert(key, after).unwrap_or(stored.as_ref());
            changed.push(before != after);
            let id = match (catalog.record(key), before, after) {
                (Some(record), Some(_), _) => Some(record.id.clone()),
                (_, None, Some(_)) => {
                    let old = renamed.iter().find(|(_, new)| new == key);
                    let kept = old.and_then(|(old, _)| catalog.record(old));
                    let id = kept
                        .map_or_else(|| EntityId::generate(key.kind), |record| record.id.clone());
                    ids.push((key.clone(), id.clone()));
                    Some(id)
                }
                (_, _, _) => None,
            };
            if before != after {
                entry.count(before, after);
                events.push(catalog_changed(self.now, self.actor, key, id.as_ref(), before, after));
                if kept.insert(key) {
                    entry.keep(key, stored.as_ref());
                }
            }
        }
        drop((edited, kept));
        // Edits that change nothing are not written and have no audit event.
        let mut changed = changed.into_iter();
        edits.retain(|_| changed.next().unwrap_or_default());
        let references = match reach {
            Reach::Restored(_) => References::MayBeGone,
            Reach::Own(_) | Reach::Adopt(_) => References::MustExist,
        };
        self.check(catalog, &edits, references)?;
        if edits.is_empty() && files.is_empty() && seeds.is_empty() {
            return Ok(catalog.version());
        }
        let record = entry.record(self, catalog.version() + 1, reach, files, restored);
        let write = CatalogWrite {
            expected: catalog.version(),
            edits: edits.into(),
            at: self.now,
            ids: &ids,
            files,
            seeds,
            events: events.into(),
            record: Some(&record),
        };
        Ok(self.store.edit_catalog(&write).await?)
    }

    /// Refuses changes that break a rule.
    pub(crate) fn check(
        &self,
        catalog: &Snapshot,
        edits: &[Edit],
        references: References,
    ) -> Result<(), EditError> {
        let dangles = |_: &EntityKey, named: &EntityKey| {
            references == References::MayBeGone && named.kind == EntityKind::Client
        };
        let view = View { dangles: &dangles, ..self.view(catalog) };
        let misplaced = check_places(view, edits);
        if !misplaced.is_empty() {
            return Err(EditError::Refused(misplaced));
        }
        let checked = check(view, edits);
        match checked.faults.is_empty() {
            true => Ok(()),
            false => Err(EditError::Refused(checked.faults)),
        }
    }

    fn view<'v>(&'v self, catalog: &'v Snapshot) -> View<'v> {
        View {
            catalog: Some(catalog),
            base: Some(self.base),
            grants: grants::kinds(),
            methods: client_auth::methods(),
            unread: &[],
            has_client: &|_| false,
            dangles: &|_, _| false,
        }
    }

    /// Refuses changes that this actor must not make.
    fn admit(
        &self,
        catalog: &Snapshot,
        edit: &Edit,
        before: Option<&Entity>,
        reach: Reach,
    ) -> Result<(), EditError> {
        let key = edit.key();
        // An unreadable server may have an audience that equals the id of the client.
        let may_concern = |row: &UnreadableRow| {
            row.key == key.into()
                || key.kind == EntityKind::Client && row.key.kind == EntityKind::Server.as_str()
        };
        if let Some(row) = catalog.unreadable_rows().find(|row| may_concern(row)) {
            return Err(EditError::Unreadable(Arc::clone(row)));
        }
        let others = |entity: &&Entity| !reach.includes(entity.owner);
        if let Some(other) = before.filter(others) {
            return Err(EditError::NotOwned(key.clone(), other.owner));
        }
        let is_admin = before.into_iter().chain(after(edit)).any(is_admin);
        if is_admin && self.actor.kind != ActorKind::Cli {
            return Err(EditError::Refused(Faults::one(Fault::of(
                key,
                "an admin client is made and changed by `scopegate clients` only",
            ))));
        }
        Ok(())
    }
}

/// The entity after the edit. `None` if it is deleted.
fn after(edit: &Edit) -> Option<&Entity> {
    match edit {
        Edit::Delete(_) => None,
        Edit::Put(entity) => Some(entity),
    }
}

/// Whose entities a change may change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// Those of this owner.
    Own(Owner),
    /// Those of every owner. They belong to this owner afterwards.
    Adopt(Owner),
    /// Those that an owner had at an earlier version or has now. They keep their owners.
    Restored(Owner),
}

/// What happens to an entity that names a client that does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum References {
    /// It is accepted: a rollback must be possible after the client is gone.
    MayBeGone,
    /// It is refused, unless it is stored with this name.
    MustExist,
}

impl Reach {
    fn includes(self, owner: Owner) -> bool {
        match self {
            Self::Own(own) => own == owner,
            Self::Adopt(_) | Self::Restored(_) => true,
        }
    }

    /// For whom the entities are changed.
    fn owner(self) -> Owner {
        match self {
            Self::Own(owner) | Self::Adopt(owner) | Self::Restored(owner) => owner,
        }
    }
}

/// What is written together with the changes of entities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extra<'a> {
    /// The catalog files that are the last applied ones afterwards.
    pub(crate) files: &'a [FileMark],
    /// The users to create.
    pub(crate) seeds: &'a [NewUser],
    /// The version that is restored.
    pub(crate) restored: Option<u64>,
    /// The entities that have another name afterwards, and keep their ids.
    pub(crate) renamed: &'a [(EntityKey, EntityKey)],
    /// What happens to the holds of clients.
    pub(crate) holds: Holds,
}

/// What a change does to the holds of clients.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Holds {
    /// A client on hold stays on hold.
    #[default]
    Kept,
    /// A client is put on hold, or its hold is lifted.
    Changed,
}

impl Authority {
    /// Calls `decide` with the newest catalog for changes, and writes them for the API. If a concurrent change
    /// wins, this is repeated. Returns the catalog with the changes.
    ///
    /// # Errors
    ///
    /// [`EditError`], or the error of `decide`. Nothing has changed then.
    pub async fn change_catalog<E: From<EditError>>(
        &self,
        actor: &Actor,
        decide: impl Fn(&Snapshot) -> Result<Decided, E>,
    ) -> Result<Arc<Snapshot>, E> {
        let storage = |error: StoreError| E::from(EditError::Storage(error));
        for _ in 0..ATTEMPTS {
            self.reload().await.map_err(storage)?;
            let catalog = self.catalog();
            let Decided { edits, renamed } = decide(&catalog)?;
            let (store, base): (&dyn CatalogStore, _) = (&*self.store, &catalog.org().issuer);
            let door = CatalogDoor { store, base, actor, now: self.clock.now() };
            let extra = Extra { renamed: &renamed, ..Extra::default() };
            match door.write(&catalog, edits, Reach::Own(Owner::Api), extra).await {
                Err(EditError::Storage(StoreError::Conflict)) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    self.reload().await.map_err(storage)?;
                    return Ok(self.catalog());
                }
            }
        }
        Err(EditError::Busy.into())
    }

    /// Changes the stored catalog, and reloads it.
    ///
    /// # Errors
    ///
    /// [`EditError`], and then nothing has changed. [`StoreError::Conflict`] if the version of the catalog
    /// is not `expected`.
    pub async fn edit_catalog(&self, edit: CatalogEdit) -> Result<u64, EditError> {
        let CatalogEdit { expected, edits, owner, actor } = edit;
        self.reload().await?;
        let catalog = self.catalog();
        if catalog.version() != expected {
            return Err(StoreError::Conflict.into());
        }
        let store: &dyn CatalogStore = &*self.store;
        let base = &catalog.org().issuer;
        let door = CatalogDoor { store, base, actor: &actor, now: self.clock.now() };
        let version = door.write(&catalog, edits, Reach::Own(owner), Extra::default()).await?;
        // The change is written. If it cannot be read now, the next poll reads it.
        if let Err(error) = self.reload().await {
            tracing::warn!(%error, version, "a change of the catalog is written and not yet read");
        }
        Ok(version)
    }
}

/// Notes when the secrets of a client are stored for the first time, so that old ones can be found.
fn note_secret_times(edit: &mut Edit, catalog: &Snapshot, now: UnixTime) {
    if let Edit::Put(Entity { key, spec: Spec::Client(client), .. }) = edit {
        let before = catalog.client(&key.name).ok().flatten();
        **client =
            std::mem::take(&mut **client).with_secret_times(before.map(|known| &known.spec), now);
    }
}

/// Keeps a client on hold, whoever changes it.
fn keep_hold(edit: &mut Edit, catalog: &Snapshot) {
    if let Edit::Put(entity) = edit
        && entity.key.kind == EntityKind::Client
        && let Ok(Some(known)) = catalog.client(&entity.key.name)
        && known.spec.is_on_hold()
        && let Some(stored) = catalog.entity(&entity.key)
    {
        entity.keep_hold_of(&stored);
    }
}

fn is_admin(entity: &Entity) -> bool {
    matches!(&entity.spec, Spec::Client(client) if client.admin)
}

/// Maximum number of faults that are shown.
const MAX_SHOWN: usize = 20;

struct Lines<'a>(&'a Faults);

impl std::fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Faults { kept, more, .. } = self.0;
        for (index, fault) in kept.iter().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "\n" }, fault.message)?;
        }
        match kept.len().saturating_sub(MAX_SHOWN) + more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
