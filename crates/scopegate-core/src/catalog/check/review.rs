//! What the rules of one entity look at, and where they note what is wrong.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::Hash;

use super::{Checked, Fault, Field, Names, View, label, length};
use crate::catalog::{EntityKey, EntityKind, GrantKind};
use crate::spelling::{Instead, Quoted};

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

    /// What the edits are checked against.
    pub(crate) fn view(&self) -> &View<'a> {
        &self.names.view
    }

    /// All entities, as they will be.
    pub(crate) fn names(&self) -> &'r Names<'a> {
        self.names
    }

    /// Notes that a rule is broken. The message is made only if it is kept.
    pub(crate) fn refuse(&mut self, field: Field, message: fmt::Arguments<'_>) {
        self.note(field, message, None, None);
    }

    /// Notes that something repeats what stands elsewhere in the entity.
    pub(crate) fn refuse_repeated(
        &mut self,
        field: Field,
        first: Field,
        message: fmt::Arguments<'_>,
    ) {
        self.note(field, message, None, Some(first));
    }

    /// Notes that a key is needed.
    pub(crate) fn refuse_missing(&mut self, key: &'static str, needed_by: &str) {
        let message = format_args!("missing key {key:?}: {needed_by} needs it");
        self.note(Field::of(key), message, Some(needed_by), None);
    }

    /// Notes what is right, but hardly meant so.
    pub(crate) fn warn(&mut self, field: Field, message: fmt::Arguments<'_>) {
        let fault = self.fault(field, message, None, None);
        self.checked.warnings.keep(|| fault);
    }

    fn note(
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

    /// Notes what a rule answers.
    pub(crate) fn hold<E: fmt::Display>(&mut self, field: Field, rule: Result<(), E>) {
        if let Err(problem) = rule {
            self.refuse(field, format_args!("{problem}"));
        }
    }

    /// A name for people.
    pub(crate) fn label(&mut self, field: Field, text: &str, most: usize) {
        self.hold(field, label(text, most));
    }

    /// A text of so many characters at most.
    pub(crate) fn length(&mut self, field: Field, text: &str, most: usize) {
        self.hold(field, length(text, most));
    }

    /// An entity that is named. Another one of its kind is suggested.
    pub(crate) fn reference(&mut self, field: Field, key: &EntityKey, of: &str) {
        if self.names.has(key) {
            return;
        }
        let (what, name) = (key.kind.as_str(), key.name.as_str());
        // No server trusts itself.
        let own = (key.kind == EntityKind::Server).then_some(self.key.name.as_str());
        let known = self.names.siblings(key.kind, &key.parent);
        let known = known.iter().map(String::as_str).filter(|known| own != Some(*known));
        let instead = Instead { of: name, known };
        self.refuse(field, format_args!("unknown {what} {}{of}: {instead}", Quoted(name)));
    }

    /// Refuses what stands in a list twice.
    pub(crate) fn each_once<T: Eq + Hash + fmt::Display>(
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

    /// Grant types that are named.
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

    /// The grants of those names.
    pub(crate) fn grants_of(&self, names: &BTreeSet<String>) -> Vec<&'a GrantKind> {
        let grants = self.view().grants;
        grants.iter().filter(|grant| names.contains(grant.name)).collect()
    }

    /// The key of what belongs to the same server.
    pub(crate) fn beside(&self, kind: EntityKind, name: &str) -> EntityKey {
        let parent = self.key.server_id().unwrap_or_default().to_owned();
        EntityKey { kind, parent, name: name.to_owned() }
    }
}
