//! Which clients and groups gain or lose which scopes by a change of the catalog.

mod reach;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::reach::{Reached, Subject, reached};
use super::Plan;
use crate::catalog::{EntityKind, ServerId, Snapshot};

/// Maximum number of pairs of a client and a server that are compared.
const MAX_PAIRS: usize = 2_000_000;

/// Number of pairs between two reports of the progress.
const STEP: usize = 10_000;

/// What a change of the catalog does to the scopes that clients can get.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Access {
    /// The differences, by client and server.
    pub changes: Vec<AccessChange>,
    /// False if there are so many clients and servers that only the first 2 million pairs were compared.
    pub is_complete: bool,
}

/// The scopes of a server that a client gains and loses.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct AccessChange {
    /// The id of the client.
    pub client: String,
    /// The id of the server.
    pub server: String,
    /// If only the users of a group are concerned: the group.
    pub group: Option<String>,
    /// If only one user is concerned: the login.
    pub user: Option<String>,
    /// The scopes that it gains.
    pub gains: Vec<String>,
    /// The scopes that it loses.
    pub loses: Vec<String>,
}

impl AccessChange {
    /// The change as JSON: `{"client","server","gains":[],"loses":[]}`, with the group or the user.
    pub fn to_json(&self) -> Value {
        let Self { client, server, group, user, gains, loses } = self;
        json!({
            "client": client,
            "server": server,
            "group": group,
            "user": user,
            "gains": gains,
            "loses": loses,
        })
    }
}

/// How far the comparison is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of pairs of a client and a server that were compared.
    pub done: usize,
    /// The number of all pairs.
    pub all: usize,
}

/// Compares the scopes that each concerned client can get before and after a plan.
///
/// A scope counts if the policies grant it alone in some request. Users are assumed who are in none or one of
/// the groups that the rules name.
pub fn access_changes(
    before: &Snapshot,
    after: &Snapshot,
    plan: &Plan,
    progress: &dyn Fn(Progress),
) -> Access {
    let mut pairs = concerned(before, after, plan);
    let is_complete = pairs.len() <= MAX_PAIRS;
    pairs.truncate(MAX_PAIRS);
    let all = pairs.len();
    let mut changes = Vec::new();
    for (done, (client, server)) in pairs.into_iter().enumerate() {
        if done.is_multiple_of(STEP) {
            progress(Progress { done, all });
        }
        let (old, new) = (reached(before, client, &server), reached(after, client, &server));
        if old != new {
            changes.extend(differences(client, &server, &old, &new));
        }
    }
    progress(Progress { done: all, all });
    changes.sort();
    Access { changes, is_complete }
}

/// The pairs of a client and a server whose policies, scopes or client change.
fn concerned<'a>(
    before: &'a Snapshot,
    after: &'a Snapshot,
    plan: &'a Plan,
) -> Vec<(&'a str, ServerId)> {
    let (mut servers, mut clients) = (BTreeSet::new(), BTreeSet::new());
    for edit in plan.edits() {
        let key = edit.key();
        match key.server_id() {
            // A claim or a trusted issuer changes no scope.
            _ if matches!(key.kind, EntityKind::Claim | EntityKind::TrustedIssuer) => {}
            Some(server) => servers.extend(ServerId::parse(server).ok()),
            None => drop(clients.insert(key.name.as_str())),
        }
    }
    let mut pairs = Vec::new();
    for snapshot in [before, after] {
        for server in snapshot.servers() {
            // The built-in policy of the org server is for admin clients.
            let is_for = |client: &str| match server.id.is_org() {
                true => is_admin(snapshot, client),
                false => server.policies_for(client).next().is_some(),
            };
            match servers.contains(&server.id) {
                true => {
                    let all = snapshot.clients().map(|client| client.id.as_str());
                    pairs.extend(all.filter(|id| is_for(id)).map(|id| (id, server.id.clone())));
                }
                false => {
                    let some = clients.iter().filter(|id| is_for(id));
                    pairs.extend(some.map(|id| (*id, server.id.clone())));
                }
            }
            // The same pair is in both snapshots, so this many can leave MAX_PAIRS.
            if pairs.len() > 2 * MAX_PAIRS {
                break;
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn is_admin(catalog: &Snapshot, client: &str) -> bool {
    matches!(catalog.client(client), Ok(Some(client)) if client.spec.admin)
}

/// What is gained and lost without a group, and what each group or user gains and loses besides.
fn differences(client: &str, server: &ServerId, old: &Reached, new: &Reached) -> Vec<AccessChange> {
    let subjects: BTreeSet<&Subject> = old.keys().chain(new.keys()).collect();
    let general = lost_and_gained(old, new, &Subject::Client);
    let mut changes = Vec::new();
    for subject in subjects {
        let (mut gains, mut loses) = lost_and_gained(old, new, subject);
        if *subject != Subject::Client {
            gains.retain(|scope| !general.0.contains(scope));
            loses.retain(|scope| !general.1.contains(scope));
        }
        if gains.is_empty() && loses.is_empty() {
            continue;
        }
        let (group, user) = match subject {
            Subject::Client => (None, None),
            Subject::Group(group) => (Some(group.clone()), None),
            Subject::User(login) => (None, Some(login.clone())),
        };
        let (client, server) = (client.to_owned(), server.to_string());
        changes.push(AccessChange { client, server, group, user, gains, loses });
    }
    changes
}

fn lost_and_gained(old: &Reached, new: &Reached, subject: &Subject) -> (Vec<String>, Vec<String>) {
    // A group that no rule names any more reaches what every user reaches.
    let of = |reached: &Reached| -> BTreeSet<String> {
        let general = || reached.get(&Subject::Client);
        reached.get(subject).or_else(general).cloned().unwrap_or_default()
    };
    let (old, new) = (of(old), of(new));
    (new.difference(&old).cloned().collect(), old.difference(&new).cloned().collect())
}

#[cfg(test)]
mod tests;
