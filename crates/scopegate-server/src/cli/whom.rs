//! Groups and users as text, for people.

use scopegate_core::administration::reach::Users;

/// Maximum number of names that are shown of a list. `--json` lists all.
const MAX_SHOWN: usize = 10;

/// The users of some groups, and some others. `None` if there are neither.
pub(super) fn whom(users: &Users, groups: &[String]) -> Option<String> {
    let named = |noun, names: &[String]| match names.len() {
        0 => None,
        1 => Some(format!("the {noun} {}", list(names))),
        _ => Some(format!("the {noun}s {}", list(names))),
    };
    let logins = match users {
        Users::Any => return Some("every user".to_owned()),
        Users::These(logins) => named("user", logins),
    };
    match (named("group", groups), logins) {
        (Some(groups), Some(logins)) => Some(format!("{groups}, and {logins}")),
        (groups, logins) => groups.or(logins),
    }
}

/// The first names of a list, and how many more there are.
pub(super) fn list(names: &[String]) -> String {
    let shown = names.iter().take(MAX_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown}, … ({more} more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let names: Vec<_> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(list(&names[..2]), "0, 1");
        assert!(list(&names[..10]).ends_with(", 9"));
        assert!(list(&names).ends_with(", 9, … (2 more)"));
    }

    #[test]
    fn groups_come_before_users() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let text = |users, groups: &[&str]| whom(&Users::These(names(users)), &names(groups));
        assert_eq!(text(&["ann"], &["a", "b"]).unwrap(), "the groups a, b, and the user ann");
        assert_eq!(text(&["ann", "bob"], &[]).unwrap(), "the users ann, bob");
        assert_eq!(text(&[], &["a"]).unwrap(), "the group a");
        assert_eq!(text(&[], &[]), None);
        assert_eq!(whom(&Users::Any, &[]).unwrap(), "every user");
    }
}
