//! What has been read of the catalog so far, and where each part of it stands.

use super::position;
use crate::catalog::{Edit, Entity, EntityKey, Fault, Owner, Spec};
use crate::toml_reader::{Problems, Table};

/// The entities that were read, each with its table.
pub(super) struct Draft<'f> {
    edits: Vec<Edit>,
    tables: Vec<Table<'f>>,
    unread: Vec<EntityKey>,
    nameless: usize,
    problems: &'f Problems,
}

impl<'f> Draft<'f> {
    pub(super) fn new(problems: &'f Problems) -> Self {
        Self { edits: Vec::new(), tables: Vec::new(), unread: Vec::new(), nameless: 0, problems }
    }

    /// Reads an entity. If it cannot be read its name counts all the same: what refers to it is right.
    pub(super) fn read<S: Into<Spec>>(
        &mut self,
        table: Table<'f>,
        key: EntityKey,
        read: impl FnOnce() -> Option<S>,
    ) {
        match read() {
            None => self.unread.push(key),
            Some(spec) => {
                self.edits.push(Edit::Put(Entity { key, owner: Owner::File, spec: spec.into() }));
                self.tables.push(table);
            }
        }
    }

    /// The name that the table gives, under a key that must be there. If it gives none this is a name that
    /// nothing else has, so that the rest of the entity can be checked.
    pub(super) fn name(&mut self, table: Table<'f>, key: &'static str) -> String {
        match table.required_text(key) {
            Some(name) => name.text.to_owned(),
            None => self.no_name(),
        }
    }

    /// A name that nothing else has.
    pub(super) fn no_name(&mut self) -> String {
        self.nameless += 1;
        format!("\n{}", self.nameless)
    }

    /// The entities, as edits.
    pub(super) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The entities that could not be read.
    pub(super) fn unread(&self) -> &[EntityKey] {
        &self.unread
    }

    /// Notes the rules that entities break, at their places. A fault that follows from a problem of
    /// reading is left out.
    pub(super) fn refuse(&self, faults: &[Fault]) {
        let mut new: Vec<_> = faults.iter().collect();
        new.retain(|fault| !self.is_told(fault));
        new.into_iter().for_each(|fault| self.note(fault));
    }

    fn is_told(&self, fault: &Fault) -> bool {
        let table = self.tables[fault.edit];
        let Some(key) = fault.field.first_key() else { return false };
        match table.range_of(key) {
            Some(range) => self.problems.is_within(&range),
            // What is not in the file is needed by something else, or was missed there already.
            None => fault.needed_by.is_none() || table.is_misspelt(key),
        }
    }

    fn note(&self, fault: &Fault) {
        let table = self.tables[fault.edit];
        let at = position::of(table, &fault.field);
        let written = fault.field.first_key().filter(|key| table.range_of(key).is_some());
        match (written.zip(fault.needed_by.as_deref()), &fault.first) {
            (Some((key, needed_by)), _) => {
                self.problems.refuse(at, format_args!("{key:?} is empty: {needed_by} needs it"));
            }
            (None, None) => self.problems.refuse(at, format_args!("{}", fault.message)),
            (None, Some((edit, field))) => {
                let first = position::of(self.tables[*edit], field);
                self.problems.refuse_repeated(at, first, format_args!("{}", fault.message));
            }
        }
    }

    /// Notes what is right, but hardly meant so.
    pub(super) fn warn(&self, fault: &Fault) {
        let at = position::of(self.tables[fault.edit], &fault.field);
        self.problems.warn(at, format_args!("{}", fault.message));
    }

    pub(super) fn into_entities(self) -> Vec<Entity> {
        let entities = self.edits.into_iter().filter_map(|edit| match edit {
            Edit::Delete(_) => None,
            Edit::Put(entity) => Some(entity),
        });
        entities.collect()
    }
}
