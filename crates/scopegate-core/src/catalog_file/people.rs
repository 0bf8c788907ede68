//! Logins and groups, where a client or a rule names the persons it is for.

use std::collections::BTreeSet;

use super::reader::{Node, Table, Text};
use super::seen::Seen;
use super::server::MAX_NAME;
use crate::directory::User;

/// The most logins or groups of a list.
const MAX_NUMBER: usize = 1000;

/// Reads `users` and `groups`. Logins become the texts by which they are compared.
pub(super) fn read(table: Table<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let users = read_names(table.optional("users"), "user", read_login);
    let groups = read_names(table.optional("groups"), "group", read_group);
    (users, groups)
}

fn read_names(
    node: Option<Node<'_>>,
    what: &str,
    read: impl Fn(Text<'_>) -> Option<String>,
) -> BTreeSet<String> {
    let names = node.and_then(Node::texts).unwrap_or_default();
    if let Some(surplus) = names.get(MAX_NUMBER) {
        surplus.refuse(format_args!("too many names: write at most {MAX_NUMBER}, or use groups"));
    }
    let mut seen = Seen::default();
    let names = names.into_iter().filter_map(|name| {
        seen.once(what, name);
        read(name)
    });
    names.collect()
}

fn read_login(login: Text<'_>) -> Option<String> {
    login.parse(|text| User::check_login(text).map(|()| User::exact_login_key(text)))
}

fn read_group(group: Text<'_>) -> Option<String> {
    group.label(MAX_NAME).map(str::to_owned)
}
