//! Which access clients gain and lose when the catalog changes.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use serde::Serialize;

use super::Reach;
use super::direct::{Policies, Sought};
use super::exchange::has_exchange;
use super::held::{Held, Holders};
use super::people::People;
use super::row::{Users, users_and_groups};
use super::scan::Scan;
use crate::catalog::{
    AuthorizationServer, Client, ClientId, Owner, Policy, ServerId, Snapshot, Status, UserId,
};
use crate::directory::{LoginMatch, Profile, User};

/// The scopes of a server that a client gains and loses.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AccessChange {
    /// The id of the client.
    pub client: String,
    /// The id of the server.
    pub server: String,
    /// The scopes that it can get for more users than before, or for itself.
    pub gains: Vec<String>,
    /// The scopes that it can no longer get for some users, or for itself.
    pub loses: Vec<String>,
    /// For whom it gains and loses each of these scopes.
    pub by_scope: Vec<ScopeChange>,
}

/// For whom a client gains and loses a scope.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScopeChange {
    /// The scope.
    pub scope: String,
    /// For whom it can get the scope and could not before.
    pub gains: Option<Whom>,
    /// For whom it could get the scope and no longer can.
    pub loses: Option<Whom>,
}

/// For whom a client can get a scope.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Whom {
    /// The client itself, without a user.
    pub itself: bool,
    /// The users who are in none of the groups.
    pub users: Users,
    /// The groups: all of their active users.
    pub groups: Vec<String>,
}

/// How far [`access_with_progress`] is. One step is one client, looked at for one scope in one state of the
/// catalog.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of steps that are done.
    pub done: usize,
    /// The number of steps in all. A client that is out of service takes no step, so `done` may end below it.
    pub total: usize,
}

/// The access that clients gain and lose between two states of the catalog, for these users. The scopes of
/// OpenID Connect are left out: a client gets them with each sign-in.
///
/// A group that only the catalog mentions has no stored user. It counts as if it had one, so that the changes of
/// a new catalog are shown.
pub fn access(before: &Snapshot, after: &Snapshot, users: &[User]) -> Vec<AccessChange> {
    access_with_progress(before, after, users, |_| ())
}

/// The same as [`access`]. `report` is called after each step.
pub fn access_with_progress(
    before: &Snapshot,
    after: &Snapshot,
    users: &[User],
    report: impl Fn(Progress),
) -> Vec<AccessChange> {
    let mut all = users.to_vec();
    all.extend(stand_ins(before, after, users));
    let (before, after) = (Reach::new(before, &all), Reach::new(after, &all));
    let changed = Changed::between(&before, &after);
    let searches = changed.servers.iter().map(|id| {
        let (old, new) = (before.server(id).ok(), after.server(id).ok());
        let has_exchange = old.into_iter().chain(new).any(has_exchange);
        let only = (!changed.is_in_server(id) && !has_exchange).then_some(&changed.clients);
        (id, before.search(old, only), after.search(new, only))
    });
    let searches: Vec<_> = searches.collect();
    let total = searches.iter().map(|(_, old, new)| old.steps() + new.steps()).sum();
    let done = Cell::new(0);
    let on_client = || {
        done.set(done.get() + 1);
        report(Progress { done: done.get(), total });
    };
    let mut changes = Vec::new();
    for (id, old, new) in searches {
        let (old, new) = (old.all_held(&on_client), new.all_held(&on_client));
        changes.extend(compare(id, &old, &new, &after.people));
    }
    changes
}

/// What changed between two states of the catalog.
struct Changed {
    clients: BTreeSet<ClientId>,
    /// The servers that changed themselves, or that a changed server may affect by token exchange.
    affected: BTreeSet<ServerId>,
    /// The servers to compare.
    servers: BTreeSet<ServerId>,
}

impl Changed {
    fn between(before: &Reach<'_>, after: &Reach<'_>) -> Self {
        let (old, new) = (before.catalog, after.catalog);
        let is_same = |client: &Arc<Client>, other: &Snapshot| {
            let other = other.client(client.id.as_str()).ok().flatten();
            other.is_some_and(|other| Arc::ptr_eq(client, other) || client.spec == other.spec)
        };
        let changed = |clients: &'_ Snapshot, others: &Snapshot| -> Vec<ClientId> {
            let changed = clients.clients().filter(|client| !is_same(client, others));
            changed.map(|client| client.id.clone()).collect()
        };
        let clients: BTreeSet<_> = changed(old, new).into_iter().chain(changed(new, old)).collect();
        let all: BTreeSet<ServerId> = [old, new]
            .into_iter()
            .flat_map(|catalog| catalog.servers().map(|server| server.id.clone()))
            .collect();
        let state =
            |catalog: &Snapshot, id: &ServerId| catalog.server(id).ok().flatten().map(Arc::clone);
        let is_other = |id: &ServerId| match (state(old, id), state(new, id)) {
            (Some(old), Some(new)) => !Arc::ptr_eq(&old, &new),
            (None, None) => false,
            (_, _) => true,
        };
        let mut affected: BTreeSet<_> = all.iter().filter(|id| is_other(id)).cloned().collect();
        // A server that trusts a changed one may give more or less in exchange.
        loop {
            let trusts = |catalog: &Snapshot, id: &ServerId| {
                let server = state(catalog, id);
                server.is_some_and(|server| !server.spec.trusted_servers.is_disjoint(&affected))
            };
            let more = all.iter().filter(|id| !affected.contains(*id));
            let more: Vec<_> = more.filter(|id| trusts(old, id) || trusts(new, id)).collect();
            if more.is_empty() {
                break;
            }
            affected.extend(more.into_iter().cloned());
        }
        let servers = if clients.is_empty() { affected.clone() } else { all };
        Self { clients, affected, servers }
    }

    fn is_in_server(&self, id: &ServerId) -> bool {
        self.affected.contains(id)
    }
}

impl<'a> Reach<'a> {
    /// A search for who can have tokens with the server's own scopes. `only` limits the clients.
    fn search<'s>(
        &'s self,
        server: Option<&'a AuthorizationServer>,
        only: Option<&'s BTreeSet<ClientId>>,
    ) -> Search<'s, 'a> {
        Search { reach: self, server, only }
    }
}

/// A search for who can have tokens with each scope of a server.
struct Search<'s, 'a> {
    reach: &'s Reach<'a>,
    server: Option<&'a AuthorizationServer>,
    only: Option<&'s BTreeSet<ClientId>>,
}

impl<'a> Search<'_, 'a> {
    /// Maximum number of clients that are looked at, counted once for each scope.
    fn steps(&self) -> usize {
        let scopes = self.server.map_or(0, |server| server.scopes.len());
        let clients = || self.reach.catalog.clients().count();
        scopes * self.only.map_or_else(clients, BTreeSet::len)
    }

    fn all_held(&self, on_client: &dyn Fn()) -> Scopes<'a> {
        let Some(server) = self.server else { return BTreeMap::new() };
        let (catalog, people, only) = (self.reach.catalog, &self.reach.people, self.only);
        let others = self.reach.tokens_of_others([server]);
        let policies = Policies::of(server);
        let scopes = server.scopes.keys().map(scopegate_claims::Scope::as_str);
        let held = scopes.map(|scope| {
            let sought = &Sought::new(server, &policies, scope);
            let scan = Scan { catalog, people, sought, others: &others, only, on_client };
            (scope.to_owned(), scan.run().held)
        });
        held.collect()
    }
}

/// What clients hold, by the scope of a server.
type Scopes<'a> = BTreeMap<String, Holders<'a>>;

fn compare(
    server: &ServerId,
    old: &Scopes<'_>,
    new: &Scopes<'_>,
    people: &People<'_>,
) -> Vec<AccessChange> {
    let scopes: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut changes: BTreeMap<&ClientId, AccessChange> = BTreeMap::new();
    let none = Holders::new();
    for scope in scopes {
        let (old, new) = (old.get(scope).unwrap_or(&none), new.get(scope).unwrap_or(&none));
        let clients: HashSet<_> = old.keys().chain(new.keys()).copied().collect();
        for client in clients {
            let nothing = Held::default();
            let (old, new) = (old.get(client), new.get(client));
            let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
            let (gains, loses) = (whom(new, old, people), whom(old, new, people));
            if gains.is_none() && loses.is_none() {
                continue;
            }
            let change = changes.entry(client).or_insert_with(|| AccessChange {
                client: client.to_string(),
                server: server.to_string(),
                gains: Vec::new(),
                loses: Vec::new(),
                by_scope: Vec::new(),
            });
            change.gains.extend(gains.is_some().then(|| scope.clone()));
            change.loses.extend(loses.is_some().then(|| scope.clone()));
            change.by_scope.push(ScopeChange { scope: scope.clone(), gains, loses });
        }
    }
    changes.into_values().collect()
}

/// For whom one state gives a token and the other does not.
fn whom(one: &Held, other: &Held, people: &People<'_>) -> Option<Whom> {
    let itself = one.without_user && !other.without_user;
    let users = match (one.all_users(), other.all_users()) {
        (None, _) => Rc::new(people.none()),
        (Some(users), None) => users,
        (Some(users), Some(others)) if Rc::ptr_eq(&users, &others) => Rc::new(people.none()),
        (Some(users), Some(others)) => Rc::new(users.difference(&others)),
    };
    if !itself && users.is_empty() {
        return None;
    }
    let (users, groups) = match *users == people.all() && !users.is_empty() {
        true => (Users::Any, Vec::new()),
        false => users_and_groups(&users, people.groups(), people),
    };
    Some(Whom { itself, users, groups })
}

/// A user for each group that the catalog mentions and no stored user is in, and one without groups. Their
/// login is empty, so that they are not listed.
fn stand_ins(before: &Snapshot, after: &Snapshot, users: &[User]) -> Vec<User> {
    let active = users.iter().filter(|user| user.status.is_active());
    let known: BTreeSet<&str> = active.flat_map(|user| &user.groups).map(String::as_str).collect();
    let mut mentioned = BTreeSet::new();
    for catalog in [before, after] {
        for client in catalog.clients() {
            mentioned.extend(client.spec.groups.iter().map(String::as_str));
        }
        for server in catalog.servers() {
            let rules = server.policies().iter().flat_map(Policy::rules);
            mentioned.extend(rules.flat_map(|rule| &rule.spec.groups).map(String::as_str));
        }
    }
    let unknown = mentioned.difference(&known).map(|group| Some((*group).to_owned()));
    let user = |group: Option<String>| User {
        id: UserId::generate(),
        login: String::new(),
        login_match: LoginMatch::Exact,
        status: Status::Active,
        owner: Owner::Api,
        groups: group.into_iter().collect(),
        profile: Profile::default(),
        created_at: UnixTime::from_seconds(0),
        updated_at: UnixTime::from_seconds(0),
        version: 0,
    };
    unknown.chain([None]).map(user).collect()
}
