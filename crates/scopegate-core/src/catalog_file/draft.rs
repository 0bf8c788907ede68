//! The entities that were read from the file so far, with their positions.

use super::position;
use crate::catalog::{Edit, Entity, EntityKey, EntityKind, Fault, Owner, Spec};
use crate::toml_reader::{Problems, Table};

/// Required keys, and the keys that may stand instead of them.
const ALTERNATIVES: [(&str, &str); 1] = [("jwks", "jwks_uri")];

/// The entities that were read so far, each with its table.
pub(super) struct Draft<'f> {
    edits: Vec<Edit>,
    tables: Vec<Table<'f>>,
    unread: Vec<EntityKey>,
    placeholders: usize,
    problems: &'f Problems,
}

impl<'f> Draft<'f> {
    pub(super) fn new(problems: &'f Problems) -> Self {
        Self {
            edits: Vec::new(),
            tables: Vec::new(),
            unread: Vec::new(),
            placeholders: 0,
            problems,
        }
    }

    /// Reads an entity. If it cannot be read, its name still counts as existing, so that references to it are
    /// not reported too.
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

    /// Notes that the tables of a kind are misspelt, so that references to their entities are not reported too.
    pub(super) fn miss_tables(
        &mut self,
        table: Table<'f>,
        key: &str,
        kind: EntityKind,
        parent: &str,
    ) {
        if table.is_misspelt(key) {
            let (parent, name) = (parent.to_owned(), self.placeholder_name());
            self.unread.push(EntityKey { kind, parent, name });
        }
    }

    /// The name in a table, under a required key. If it is missing, a unique placeholder is returned, so
    /// that the rest of the entity can be checked.
    pub(super) fn name(&mut self, table: Table<'f>, key: &'static str) -> String {
        match table.required_text(key) {
            Some(name) => name.text.to_owned(),
            None => self.placeholder_name(),
        }
    }

    /// A unique name. It contains a newline, so no suggestion shows it.
    pub(super) fn placeholder_name(&mut self) -> String {
        self.placeholders += 1;
        format!("\n{}", self.placeholders)
    }

    /// The entities, as edits.
    pub(super) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The entities that could not be read.
    pub(super) fn unread(&self) -> &[EntityKey] {
        &self.unread
    }

    /// Reports faults at their positions in the file. A fault that follows from a problem that is already
    /// reported is left out.
    pub(super) fn refuse(&self, faults: &[Fault]) {
        let mut new: Vec<_> = faults.iter().collect();
        new.retain(|fault| !self.is_reported(fault));
        new.into_iter().for_each(|fault| self.add_fault(fault));
    }

    fn is_reported(&self, fault: &Fault) -> bool {
        let table = self.tables[fault.edit];
        let Some(key) = fault.field.first_key() else { return false };
        match table.range_of(key) {
            Some(range) => self.problems.is_within(&range),
            // The key is not in the file. If it is required, report it, unless it is misspelt, which is
            // reported already.
            None => {
                let is_misspelt = |(of, or): &(&str, &str)| *of == key && table.is_misspelt(or);
                fault.needed_by.is_none()
                    || table.is_misspelt(key)
                    || ALTERNATIVES.iter().any(is_misspelt)
            }
        }
    }

    fn add_fault(&self, fault: &Fault) {
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

    /// Reports what is allowed, but probably a mistake.
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
