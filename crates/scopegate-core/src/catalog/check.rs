//! The rules of the catalog: what must not be written, and why.
//!
//! Each kind of entity has its rules beside its spec, in `SpecKind::check`. [`check`] is called before
//! every write of the catalog. The reader of a catalog file shows a [`Fault`] at its line and column; the
//! API answers with an error.

mod field;
mod keys;
mod names;
mod reach;
mod references;
mod review;
mod still_named;
mod text;

use scopegate_claims::Issuer;

pub use self::field::{Field, Step};
pub(crate) use self::keys::key_advice;
use self::names::Names;
pub(super) use self::review::Review;
pub(crate) use self::still_named::named_by;
pub(crate) use self::text::label;
use self::text::length;
use super::{AuthMethod, ClientId, Edit, Entity, EntityKey, GrantKind, Snapshot};

/// Maximum number of faults that are kept. Further ones are only counted, so that a large file with a
/// mistake in each line costs little memory.
pub const MAX_FAULTS: usize = 100;

/// The data that edits are checked against.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct View<'a> {
    /// The catalog before the edits. `None` if nothing is written yet.
    pub catalog: Option<&'a Snapshot>,
    /// The issuer of the org server, if it is known.
    pub base: Option<&'a Issuer>,
    /// The grants that this program supports.
    pub grants: &'a [GrantKind],
    /// The client authentication methods that this program supports.
    pub methods: &'a [AuthMethod],
    /// Entities that exist but could not be read. References to them are accepted.
    pub unread: &'a [EntityKey],
    /// Tells whether a client exists that is neither in the catalog nor among the edits.
    pub has_client: &'a dyn Fn(&ClientId) -> bool,
    /// Tells whether an entity may name another one that does not exist, as it was stored with this name. It is
    /// warned of such a reference, and not refused: the entity can still be changed and exported.
    pub dangles: &'a dyn Fn(&EntityKey, &EntityKey) -> bool,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A rule that an edit breaks. The message contains no secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{key}{}{field}: {message}", if field.is_whole() { "" } else { ": " })]
#[non_exhaustive]
pub struct Fault {
    /// The entity.
    pub key: EntityKey,
    /// The index of the edit among those that were checked.
    pub edit: usize,
    /// The part of the entity that is wrong, with the names of a catalog file.
    pub field: Field,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// If the field is missing or empty: what needs it.
    pub needed_by: Option<String>,
    /// Where the same thing is written first: the index of the edit, and the field.
    pub first: Option<(usize, Field)>,
}

impl Fault {
    /// A fault of the first edit that concerns the whole entity.
    pub(crate) fn of(key: &EntityKey, message: &str) -> Self {
        Self {
            key: key.clone(),
            edit: 0,
            field: Field::whole(),
            message: message.to_owned(),
            needed_by: None,
            first: None,
        }
    }
}

/// The faults of some edits: the first [`MAX_FAULTS`], in the order of the edits.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Faults {
    /// The faults that are kept.
    pub kept: Vec<Fault>,
    /// The number of further faults.
    pub more: usize,
}

impl Faults {
    /// Tells whether there is no fault.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// A single fault.
    pub(crate) fn one(fault: Fault) -> Self {
        Self { kept: vec![fault], more: 0 }
    }

    fn keep(&mut self, make: impl FnOnce() -> Fault) {
        match self.kept.len() < MAX_FAULTS {
            true => self.kept.push(make()),
            false => self.more += 1,
        }
    }
}

/// The result of checking some edits.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Checked {
    /// The broken rules. If there are any, the edits must not be written.
    pub faults: Faults,
    /// What is allowed, but probably a mistake.
    pub warnings: Faults,
}

/// Checks edits that will be written together. Each entity that is put is checked against the catalog as
/// it will be after all edits.
pub fn check<'a>(view: View<'a>, edits: &'a [Edit]) -> Checked {
    let mut names = Names::of(view, edits);
    let mut checked = Checked::default();
    for (place, edit) in edits.iter().enumerate() {
        let Edit::Put(entity) = edit else { continue };
        names.refuse_repeated(place, &entity.key, &mut checked.faults);
        let mut review = Review::new(&names, place, &entity.key, &mut checked);
        entity.spec.check(&mut review);
        names.refuse_surplus(place, &entity.key, &mut checked.faults);
    }
    still_named::refuse(&names, &mut checked.faults);
    if checked.faults.is_empty() {
        reach::warn(&names, &mut checked);
    }
    checked
}

/// Finds entities that cannot be where they are put. A file cannot say such a thing; an API can.
pub(crate) fn check_places(view: View<'_>, edits: &[Edit]) -> Faults {
    let names = Names::of(view, edits);
    let mut faults = Faults::default();
    for (place, edit) in edits.iter().enumerate() {
        let Edit::Put(entity) = edit else { continue };
        if let Some(message) = misplaced(&names, entity) {
            faults.keep(|| Fault { edit: place, ..Fault::of(&entity.key, message) });
        }
    }
    faults
}

fn misplaced(names: &Names<'_>, entity: &Entity) -> Option<&'static str> {
    let Entity { key, spec, .. } = entity;
    if let Err(message) = key.check() {
        return Some(message);
    }
    if spec.kind() != key.kind {
        return Some("its content is of another kind");
    }
    let has_parents = key.parents().all(|parent| names.has(&parent));
    (!has_parents).then_some("it belongs to something that is not there")
}

#[cfg(test)]
mod tests;
