//! A plan for people: each entity with the old and the new value of each field.

use std::fmt::Write;

use scopegate_core::administration::plan::{
    Action, EntityDifference, FieldChange, Plan, SECRET_CHANGED,
};
use scopegate_core::administration::reach::{self, AccessChange, Whom};
use scopegate_core::catalog::Snapshot;
use scopegate_core::directory::User;
use serde_json::Value;

use super::colour::{Colour, Colours};
use super::whom::whom;

/// Maximum number of lines about access. A change of a policy for all clients can have a million.
const MAX_ACCESS: usize = 1000;

/// A plan for a catalog: who gains and loses access, and the changes with their totals.
pub(super) fn of(before: &Snapshot, plan: &Plan, users: &[User]) -> String {
    let after = before.edited(before.version() + 1, plan.edits().to_vec());
    whole(plan, &reach::access(before, &after, users), Colours::of_stdout())
}

/// Who gains and loses access, and the changes of a plan with their totals.
pub(super) fn whole(plan: &Plan, changes_of_access: &[AccessChange], colours: Colours) -> String {
    access(changes_of_access, colours) + &changes(plan, colours)
}

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
    for id in plan.held() {
        let line = format!(
            "client {id} is on hold and stays so: `scopegate clients enable {id}` lifts it"
        );
        let _ = writeln!(text, "{}", one_line(&line));
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
    if change.action() == Action::Delete {
        if change.ends_hold() {
            let _ = writeln!(text, "    its hold ends: a later client with this id is not on hold");
        }
    } else {
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

/// Which clients gain or lose scopes, and for whom. Nothing if none does.
fn access(changes: &[AccessChange], colours: Colours) -> String {
    let mut lines: Vec<String> =
        changes.iter().flat_map(|change| client(change, colours)).collect();
    if lines.is_empty() {
        return String::new();
    }
    let more = lines.len().saturating_sub(MAX_ACCESS);
    lines.truncate(MAX_ACCESS);
    if more > 0 {
        lines.push(format!("    and {more} more: --json has all of them"));
    }
    format!("access:\n{}\n", lines.join("\n"))
}

/// A line for each set of users for whom a client gains, and then loses, the same scopes.
fn client(change: &AccessChange, colours: Colours) -> Vec<String> {
    let AccessChange { client, server, by_scope, .. } = change;
    let gains = by_scope.iter().map(|of| (&of.scope, of.gains.as_ref()));
    let loses = by_scope.iter().map(|of| (&of.scope, of.loses.as_ref()));
    let gained = by_whom(gains).into_iter().map(|one| ("gains", Colour::Added, one));
    let lost = by_whom(loses).into_iter().map(|one| ("loses", Colour::Deleted, one));
    let line = |(what, colour, (concerned, scopes)): (_, _, (&Whom, Vec<&str>))| {
        let scopes = colours.paint(colour, &one_line(&scopes.join(" ")));
        let [at, concerned] =
            [format!("{client} on {server}"), for_whom(concerned)].map(|text| one_line(&text));
        format!("    {at}: {what} {scopes}{concerned}")
    };
    gained.chain(lost).map(line).collect()
}

/// The scopes for each set of users, in the order in which the sets are first found.
fn by_whom<'a>(
    scopes: impl Iterator<Item = (&'a String, Option<&'a Whom>)>,
) -> Vec<(&'a Whom, Vec<&'a str>)> {
    let mut all: Vec<(&Whom, Vec<&str>)> = Vec::new();
    for (scope, whom) in scopes {
        let Some(whom) = whom else { continue };
        match all.iter_mut().find(|(known, _)| *known == whom) {
            Some((_, scopes)) => scopes.push(scope),
            None => all.push((whom, vec![scope])),
        }
    }
    all
}

/// For whom a scope is gained or lost. Nothing if it is for the client itself.
fn for_whom(Whom { itself, users, groups, .. }: &Whom) -> String {
    match (itself, whom(users, groups)) {
        (true, None) => String::new(),
        (true, Some(users)) => format!(" for itself and {users}"),
        (false, Some(users)) => format!(" for {users}"),
        // Only users whom the store does not have yet.
        (false, None) => " for users without a group".to_owned(),
    }
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
