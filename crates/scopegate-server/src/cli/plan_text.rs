//! A plan for people: each entity with the old and the new value of each field.

use std::fmt::Write;

use scopegate_core::administration::plan::{
    Access, AccessChange, Action, EntityDifference, FieldChange, Plan, SECRET_CHANGED,
};
use serde_json::Value;

use super::colour::{Colour, Colours};

/// Maximum number of lines about access. A change of a policy for all clients can have a million.
const MAX_ACCESS: usize = 1000;

/// The changes of a plan and their totals.
pub(super) fn changes(plan: &Plan, colours: Colours) -> String {
    let mut text = String::new();
    let (mut added, mut changed, mut deleted) = (plan.users().len(), 0, 0);
    for change in plan.changes() {
        match change.action() {
            Action::Add => added += 1,
            Action::Change => changed += 1,
            Action::Delete => deleted += 1,
        }
        entity(&mut text, &change, colours);
    }
    for login in plan.users() {
        let line = one_line(&format!("+ user {login}"));
        let _ = writeln!(text, "{}", colours.paint(Colour::Added, &line));
    }
    let _ = write!(text, "{added} to add, {changed} to change, {deleted} to delete");
    text
}

/// One entity with its fields.
pub(super) fn entity(text: &mut String, change: &EntityDifference<'_>, colours: Colours) {
    let (sign, colour) = match change.action() {
        Action::Add => ('+', Colour::Added),
        Action::Change => ('~', Colour::Changed),
        Action::Delete => ('-', Colour::Deleted),
    };
    let line = one_line(&format!("{sign} {} {}", change.key.kind.as_str(), change.id()));
    let _ = writeln!(text, "{}", colours.paint(colour, &line));
    // What is deleted is not repeated.
    if change.action() != Action::Delete {
        for change in change.fields() {
            let _ = writeln!(text, "    {}", field(&change, colours));
        }
    }
}

fn field(FieldChange { name, old, new, .. }: &FieldChange, colours: Colours) -> String {
    if new == SECRET_CHANGED && old.is_null() {
        return format!("{name}: {SECRET_CHANGED}");
    }
    let shown = |value: &Value, colour| colours.paint(colour, &one_line(&value.to_string()));
    match (old.is_null(), new.is_null()) {
        (true, _) => format!("{name}: {}", shown(new, Colour::Added)),
        (false, true) => format!("{name}: {} → none", shown(old, Colour::Deleted)),
        (false, false) => {
            format!("{name}: {} → {}", shown(old, Colour::Deleted), shown(new, Colour::Added))
        }
    }
}

/// Which clients and groups gain or lose scopes. Nothing if none does.
pub(super) fn access(access: &Access, colours: Colours) -> String {
    let mut text = String::new();
    if !access.changes.is_empty() {
        text.push_str("access:\n");
    }
    for change in access.changes.iter().take(MAX_ACCESS) {
        let AccessChange { client, server, group, user, gains, loses, .. } = change;
        let whom = match (group, user) {
            (Some(group), _) => format!(" for users of the group {group}"),
            (None, Some(login)) => format!(" for the user {login}"),
            (None, None) => String::new(),
        };
        let line = one_line(&format!("{client} on {server}{whom}"));
        let _ = write!(text, "    {line}:");
        for (what, scopes, colour) in
            [("gains", gains, Colour::Added), ("loses", loses, Colour::Deleted)]
        {
            if !scopes.is_empty() {
                let scopes = colours.paint(colour, &one_line(&scopes.join(" ")));
                let _ = write!(text, " {what} {scopes}");
            }
        }
        text.push('\n');
    }
    if let Some(more @ 1..) = access.changes.len().checked_sub(MAX_ACCESS) {
        let _ = writeln!(text, "    and {more} more: --json has all of them");
    }
    if !access.is_complete {
        text.push_str("    there are too many clients and servers to compare all of them\n");
    }
    text
}

/// The text without control characters, so that a name can neither forge a line nor move the cursor.
pub(super) fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}
