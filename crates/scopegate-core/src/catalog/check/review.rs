//! The input of the rules of one entity, and the place where they report faults.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;

use super::{Checked, Fault, Field, Names, View, label, length};
use crate::catalog::{EntityKey, EntityKind, GrantKind};
use crate::spelling::{Instead, Quoted, nearest};

/// The review of one entity.
pub(crate) struct Review<'r, 'a> {
    names: &'r Names<'a>,
    edit: usize,
    key: &'a EntityKey,
    checked: &'r mut Checked,
}

impl<'r, 'a> Review<'r, 'a> {
    pub(super) fn new(
        names: &'r Names<'a>,
        edit: usize,
        key: &'a EntityKey,
        checked: &'r mut Checked,
    ) -> Self {
        Self { names, edit, key, checked }
    }

    /// The key of the entity.
    pub(crate) fn key(&self) -> &'a EntityKey {
        self.key
    }

    /// The data that the edits are checked against.
    pub(crate) fn view(&self) -> &View<'a> {
        &self.names.view
    }

    /// All entities that exist after the edits.
    pub(crate) fn names(&self) -> &'r Names<'a> {
        self.names
    }

    /// Reports a broken rule. The message is only formatted if it is kept.
    pub(crate) fn refuse(&mut self, field: Field, message: fmt::Arguments<'_>) {
        self.add_fault(field, message, None, None);
    }

    /// Reports that `field` repeats what `first` has, elsewhere in the entity.
    pub(crate) fn refuse_repeated(
        &mut self,
        field: Field,
        first: Field,
        message: fmt::Arguments<'_>,
    ) {
        self.add_fault(field, message, None, Some(first));
    }

    /// Reports that a required key is missing.
    pub(crate) fn refuse_missing(&mut self, key: &'static str, needed_by: &str) {
        let message = format_args!("missing key {key:?}: {needed_by} needs it");
        self.add_fault(Field::of(key), message, Some(needed_by), None);
    }

    /// Reports what is allowed, but probably a mistake.
    pub(crate) fn warn(&mut self, field: Field, message: fmt::Arguments<'_>) {
        let fault = self.fault(field, message, None, None);
        self.checked.warnings.keep(|| fault);
    }

    fn add_fault(
        &mut self,
        field: Field,
        message: fmt::Arguments<'_>,
        needed_by: Option<&str>,
        first: Option<Field>,
    ) {
        if self.checked.faults.kept.len() < super::MAX_FAULTS {
            let fault = self.fault(field, message, needed_by, first);
            self.checked.faults.kept.push(fault);
        } else {
            self.checked.faults.more += 1;
        }
    }

    fn fault(
        &self,
        field: Field,
        message: fmt::Arguments<'_>,
        needed_by: Option<&str>,
        first: Option<Field>,
    ) -> Fault {
        let first = first.map(|first| (self.edit, first));
        let (key, message) = (self.key.clone(), message.to_string());
        let needed_by = needed_by.map(str::to_owned);
        Fault { key, edit: self.edit, field, message, needed_by, first }
    }

    /// Reports the error of a rule, if there is one.
    pub(crate) fn report<E: fmt::Display>(&mut self, field: Field, rule: Result<(), E>) {
        if let Err(problem) = rule {
            self.refuse(field, format_args!("{problem}"));
        }
    }

    /// A display name.
    pub(crate) fn label(&mut self, field: Field, text: &str, most: usize) {
        self.report(field, label(text, most));
    }

    /// A text of at most `most` characters.
    pub(crate) fn length(&mut self, field: Field, text: &str, most: usize) {
        self.report(field, length(text, most));
    }

    /// A reference to an entity, which must exist. The message suggests another entity of its kind.
    ///
    /// If the entity is gone and the reference was stored before, there is only a warning, without a suggestion:
    /// it would give the access of the one that is gone to another.
    pub(crate) fn reference(&mut self, field: Field, key: &EntityKey, of: &str) {
        if self.names.has(key) {
            return;
        }
        let (what, name) = (key.kind.as_str(), key.name.as_str());
        if self.names.dangles(self.key, key) {
            let shown = Quoted(name);
            let message = format_args!("the {what} {shown} does not exist any more: leave it out");
            return self.warn(field, message);
        }
        // A server must not list itself as trusted, so its own id is no suggestion.
        let own = (key.kind == EntityKind::Server).then_some(self.key.name.as_str());
        let known = self.names.siblings(key.kind, &key.parent);
        let known = known.iter().map(String::as_str).filter(|known| own != Some(*known));
        // If an entity of this kind has no name, the reference may be right, unless it looks misspelt.
        if self.names.may_be_nameless(key) && nearest(name, known.clone()).is_none() {
            return;
        }
        let instead = Instead { of: name, known };
        self.refuse(field, format_args!("unknown {what} {}{of}: {instead}", Quoted(name)));
    }

    /// Refuses duplicates in a list.
    pub(crate) fn refuse_duplicates<T: Eq + Hash + fmt::Display>(
        &mut self,
        what: &str,
        list: &[T],
        at: impl Fn(usize) -> Field,
    ) {
        let mut seen = HashMap::new();
        for (place, entry) in list.iter().enumerate() {
            let shown = entry.to_string();
            let first = *seen.entry(entry).or_insert(place);
            if first != place {
                self.refuse_repeated(
                    at(place),
                    at(first),
                    format_args!(
                        "duplicate {what} {}: write another or leave it out",
                        Quoted(&shown)
                    ),
                );
            }
        }
    }

    /// References to grant types, which must be supported.
    pub(crate) fn grant_types(&mut self, names: &BTreeSet<String>) {
        let known = self.view().grants.iter().map(|grant| grant.name);
        for name in names.iter().filter(|name| !known.clone().any(|known| known == *name)) {
            let (shown, instead) = (Quoted(name), Instead { of: name, known: known.clone() });
            self.refuse(
                Field::of("grant_types").entry(name),
                format_args!("unknown grant type {shown}: {instead}"),
            );
        }
    }

    /// The grants with these names.
    pub(crate) fn grants_of(&self, names: &BTreeSet<String>) -> Vec<&'a GrantKind> {
        let grants = self.view().grants;
        grants.iter().filter(|grant| names.contains(grant.name)).collect()
    }

    /// The key of an entity of the same server.
    pub(crate) fn key_in_same_server(&self, kind: EntityKind, name: &str) -> EntityKey {
        let parent = self.key.server_id().unwrap_or_default().to_owned();
        EntityKey { kind, parent, name: name.to_owned() }
    }
}
