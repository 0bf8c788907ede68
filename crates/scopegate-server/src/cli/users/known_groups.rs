//! Warns of groups that nothing refers to: they may be misspelt.

use std::collections::BTreeSet;

use scopegate_core::catalog::Snapshot;
use scopegate_core::spelling::{Quoted, nearest};

use crate::cli::console;

/// Prints a warning for each group that no rule and no client of the catalog names.
pub(super) fn warn_of_new<'a>(catalog: &Snapshot, groups: impl IntoIterator<Item = &'a String>) {
    let known = named(catalog);
    for group in groups {
        if let Some(warning) = warning(group, &known) {
            console::notice(&warning);
        }
    }
}

fn warning(group: &str, known: &BTreeSet<&str>) -> Option<String> {
    if known.contains(group) {
        return None;
    }
    let meant = nearest(group, known.iter().copied());
    let meant =
        meant.map_or_else(String::new, |meant| format!("; did you mean {}?", Quoted(meant)));
    Some(format!("warning: no rule and no client names the group {}{meant}", Quoted(group)))
}

/// The groups that rules and clients name.
fn named(catalog: &Snapshot) -> BTreeSet<&str> {
    let policies = catalog.servers().flat_map(|server| server.policies());
    let rules = policies.flat_map(|policy| policy.rules()).flat_map(|rule| &rule.spec.groups);
    let clients = catalog.clients().flat_map(|client| &client.spec.groups);
    rules.chain(clients).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_nothing_names_is_warned_about_with_what_was_probably_meant() {
        let known = BTreeSet::from(["staff", "managers"]);
        assert_eq!(warning("staff", &known), None);
        let misspelt =
            "warning: no rule and no client names the group \"stafff\"; did you mean \"staff\"?";
        assert_eq!(warning("stafff", &known).as_deref(), Some(misspelt));
        let new = "warning: no rule and no client names the group \"guests\"";
        assert_eq!(warning("guests", &known).as_deref(), Some(new));
    }
}
