//! A row as text, for people.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use scopegate_core::administration::reach::{Row, Users};

/// Maximum number of names that are shown of a list. `--json` lists all.
const MAX_SHOWN: usize = 10;

/// A row, without what it is shown under.
pub(in crate::cli) struct Shown<'r> {
    row: &'r Row,
    /// The tokens that are exchanged. Rows that differ only in this are shown as one.
    through: Vec<String>,
}

/// The rows under each heading, in the order of the first ones.
pub(in crate::cli) fn shown<'r>(rows: impl Iterator<Item = (String, &'r Row)>) -> String {
    let mut all: Vec<(String, Shown<'r>)> = Vec::new();
    let mut places = HashMap::new();
    for (heading, row) in rows {
        let is_exchange = row.through.is_some();
        let mut rest = row.clone();
        let through = rest.through.take();
        let parts = format!("{is_exchange} {rest:?}");
        match places.entry((heading.clone(), parts)) {
            Entry::Occupied(place) => {
                let (_, shown): &mut (String, Shown<'r>) = &mut all[*place.get()];
                shown.through.extend(through);
            }
            Entry::Vacant(place) => {
                place.insert(all.len());
                all.push((heading, Shown { row, through: through.into_iter().collect() }));
            }
        }
    }
    let texts = all.iter().map(|(heading, shown)| format!("{heading}\n{}", shown.lines()));
    texts.collect::<Vec<_>>().join("\n\n")
}

impl Shown<'_> {
    /// One line for each part.
    fn lines(&self) -> String {
        let row = self.row;
        let mut lines = vec![line("grant", &row.grant_type), line("rule", &row.rule)];
        if !self.through.is_empty() {
            lines.push(line("through", &format!("a token of {}", list(&self.through))));
        }
        lines.push(line("for", &whom(row)));
        lines.extend(row.conditions.iter().map(|condition| line("if", condition)));
        if !row.unless.is_empty() {
            let more = if row.unless_more { ", and others" } else { "" };
            lines.push(line("unless", &format!("{}{more} wins before", list(&row.unless))));
        }
        lines.join("\n")
    }
}

fn line(what: &str, text: &str) -> String {
    format!("  {what:<8} {text}")
}

fn whom(row: &Row) -> String {
    let Row { users, groups, .. } = row;
    let count = |count: usize, noun: &str| match count {
        1 => noun.to_owned(),
        _ => format!("{noun}s"),
    };
    let groups_shown = format!("the {} {}", count(groups.len(), "group"), list(groups));
    match users {
        Users::Any => "every user".to_owned(),
        Users::These(logins) if logins.is_empty() && groups.is_empty() => {
            "itself, without a user".to_owned()
        }
        Users::These(logins) if logins.is_empty() => groups_shown,
        Users::These(logins) => {
            let logins = format!("the {} {}", count(logins.len(), "user"), list(logins));
            if groups.is_empty() { logins } else { format!("{groups_shown}, and {logins}") }
        }
    }
}

fn list(names: &[String]) -> String {
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
}
