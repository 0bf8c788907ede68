//! A row as text, for people.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use scopegate_core::administration::reach::Row;

use crate::cli::whom::{list, whom};

/// A row, without what it is shown under.
struct Shown<'r> {
    row: &'r Row,
    /// The tokens that are exchanged. Rows that differ only in this are shown as one.
    through: Vec<String>,
}

/// The rows under each heading, in the order of the first ones.
pub(super) fn shown<'r>(rows: impl Iterator<Item = (String, &'r Row)>) -> String {
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
        lines.push(line(
            "for",
            &whom(&row.users, &row.groups).unwrap_or_else(|| "itself, without a user".into()),
        ));
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
