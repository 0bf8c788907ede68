//! Names of clients, users, groups and scopes that an entity mentions.

use std::collections::BTreeSet;

use super::{Field, Review};
use crate::catalog::{Clients, EntityKey, EntityKind, STANDARD_SCOPES};

/// Maximum length of the name of a group, in characters.
const MAX_GROUP: usize = 100;

/// Maximum number of logins or groups in a list.
const MAX_NAMES: usize = 1000;

impl Review<'_, '_> {
    /// The clients that a policy or a trusted issuer is for.
    pub(crate) fn clients(&mut self, clients: &Clients) {
        let Clients::Named(ids) = clients else { return };
        if ids.is_empty() {
            let message = "\"clients\" is empty: write client ids, or [\"*\"] for all";
            self.refuse(Field::of("clients"), format_args!("{message}"));
        }
        for id in ids {
            let field = Field::of("clients").entry(id.as_str());
            self.reference(field, &EntityKey::client(id), "");
        }
    }

    /// The users and groups that a rule or a client is for.
    pub(crate) fn users_and_groups(&mut self, users: &BTreeSet<String>, groups: &BTreeSet<String>) {
        for (key, names) in [("users", users), ("groups", groups)] {
            if names.len() > MAX_NAMES {
                self.refuse(
                    Field::of(key),
                    format_args!("too many names: write at most {MAX_NAMES}, or use groups"),
                );
            }
        }
        for group in groups {
            self.label(Field::of("groups").entry(group), group, MAX_GROUP);
        }
    }

    /// A scope of the same server, or a standard scope of OpenID Connect, which each server has.
    pub(crate) fn scope(&mut self, field: Field, scope: &str) {
        if !STANDARD_SCOPES.contains(&scope) {
            let key = self.key_in_same_server(EntityKind::Scope, scope);
            self.reference(field, &key, " of this server");
        }
    }
}
