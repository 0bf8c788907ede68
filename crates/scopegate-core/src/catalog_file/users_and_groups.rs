//! The logins and groups that a client or a rule is for.

use std::collections::BTreeSet;

use super::ids::read_set;
use crate::directory::User;
use crate::toml_reader::Table;

/// Reads `users` and `groups`. Logins are converted to the form in which they are compared.
pub(super) fn read(table: Table<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let login = |text: &str| User::check_login(text).map(|()| User::exact_login_key(text));
    let users = read_set(table.optional("users"), "user", |name| name.parse(login));
    let groups = read_set(table.optional("groups"), "group", |name| Some(name.text.to_owned()));
    (users, groups)
}
