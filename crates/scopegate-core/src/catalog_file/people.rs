//! Logins and groups, where a client or a rule names the users it is for.

use std::collections::BTreeSet;

use super::ids::read_set;
use crate::directory::User;
use crate::toml_reader::Table;

/// Reads `users` and `groups`. Logins become the texts by which they are compared.
pub(super) fn read(table: Table<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let login = |text: &str| User::check_login(text).map(|()| User::exact_login_key(text));
    let users = read_set(table.optional("users"), "user", |name| name.parse(login));
    let groups = read_set(table.optional("groups"), "group", |name| Some(name.text.to_owned()));
    (users, groups)
}
