//! The rules that give a scope to a client by one grant.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use scopegate_claims::{ScopeSet, UnixTime};

use super::circumstance::{SignIn, reads_client};
use super::people::People;
use super::requests;
use super::search::{Kind, Winner};
use super::user_set::UserSet;
use crate::catalog::{AuthorizationServer, Client, Clients, Policy};
use crate::directory::User;
use crate::grants::Grant;
use crate::policy::{self, Facts, Wanted};

/// The scopes that need a sign-in for the request itself. A token exchange or an assertion never gives them.
const SIGN_IN_SCOPES: [&str; 2] = ["offline_access", "openid"];

/// A scope of a server, and what was found for it so far.
#[derive(Debug)]
pub(super) struct Sought<'c> {
    pub(super) server: &'c AuthorizationServer,
    pub(super) scope: &'c str,
    /// The scopes of a request that names the scope, and no other that it can do without.
    named: ScopeSet,
    policies: Rc<Policies<'c>>,
    found: RefCell<HashMap<Class<'c>, Winners>>,
}

/// The rules that give a scope to the clients of a class, in the order in which they are tried.
pub(super) type Winners = Rc<[Rc<Winner>]>;

/// What the policies of a server read of clients.
#[derive(Debug)]
pub(super) struct Policies<'c> {
    /// The policies that name a client, by their indexes.
    naming: HashMap<&'c str, Vec<usize>>,
    /// Whether a rule reads more of a client than the parts that are in a [`Class`].
    read_clients: bool,
}

impl<'c> Policies<'c> {
    pub(super) fn of(server: &'c AuthorizationServer) -> Rc<Self> {
        let mut naming = HashMap::<_, Vec<usize>>::new();
        for (place, policy) in server.policies().iter().enumerate() {
            if let Some(Clients::Named(clients)) = policy.spec.as_ref().map(|spec| &spec.clients) {
                for client in clients {
                    naming.entry(client.as_str()).or_default().push(place);
                }
            }
        }
        let mut rules = server.policies().iter().flat_map(Policy::rules);
        Rc::new(Self { naming, read_clients: rules.any(reads_client) })
    }
}

/// The parts of a client that policies read. Clients of one class get the same.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Class<'c> {
    id: Option<&'c str>,
    policies: Vec<usize>,
    grant_type: &'static str,
    sign_in: SignIn,
    auth: &'static str,
    is_admin: bool,
    may_refresh: bool,
    users: &'c BTreeSet<String>,
    groups: &'c BTreeSet<String>,
}

impl<'c> Sought<'c> {
    pub(super) fn new(
        server: &'c AuthorizationServer,
        policies: &Rc<Policies<'c>>,
        scope: &'c str,
    ) -> Self {
        // `offline_access` is granted only beside another scope.
        let beside = (scope == "offline_access").then_some("openid");
        let named = ScopeSet::from_tokens(beside.into_iter().chain([scope])).unwrap_or_default();
        Self { server, scope, named, policies: Rc::clone(policies), found: RefCell::default() }
    }

    /// The rules that give the scope to a client, which may use the grant.
    pub(super) fn winners(
        &self,
        client: &'c Client,
        grant: &dyn Grant,
        sign_in: SignIn,
        people: &People<'c>,
    ) -> Winners {
        let grant_type = grant.grant_type();
        let class = self.class(client, grant_type, sign_in);
        if let Some(found) = self.found.borrow().get(&class) {
            return Rc::clone(found);
        }
        let candidates = match grant.is_about_user() {
            true => people.for_whom(&client.spec.users, &client.spec.groups),
            false => UserSet::all(1),
        };
        let user = people.first().filter(|_| grant.is_about_user());
        let is_possible =
            grant.needs_user() || !grant.is_about_user() || !SIGN_IN_SCOPES.contains(&self.scope);
        let found = match is_possible && !candidates.is_empty() {
            true => self.search(client, grant_type, user, sign_in, people, &candidates),
            false => Vec::new(),
        };
        let found: Winners = found.into_iter().map(Rc::new).collect();
        self.found.borrow_mut().insert(class, Rc::clone(&found));
        found
    }

    /// The same for a client without a user, in a token exchange.
    pub(super) fn winners_without_user(
        &self,
        client: &'c Client,
        grant_type: &'static str,
        people: &People<'c>,
    ) -> Winners {
        let found = match SIGN_IN_SCOPES.contains(&self.scope) {
            true => Vec::new(),
            false => {
                self.search(client, grant_type, None, SignIn::Unknown, people, &UserSet::all(1))
            }
        };
        found.into_iter().map(Rc::new).collect()
    }

    fn search(
        &self,
        client: &'c Client,
        grant_type: &'static str,
        user: Option<&'c User>,
        sign_in: SignIn,
        people: &People<'c>,
        candidates: &UserSet,
    ) -> Vec<Winner> {
        let facts = |wanted| Facts {
            server: self.server,
            client,
            client_auth: client.spec.auth,
            grant_type,
            user,
            authentication: None,
            resources: &[],
            address: None,
            now: UnixTime::from_seconds(0),
            wanted,
        };
        let named = Wanted::Named(self.named.clone());
        let can_be_given = |name: &str| {
            let alone = ScopeSet::parse(name).unwrap_or_default();
            policy::check_given(&facts(&named), &alone).is_ok()
        };
        let wider = requests::wider(self.server, &self.named, can_be_given);
        let wider: Vec<_> = wider.into_iter().map(Wanted::Named).collect();
        let by = |wanted| {
            let (server, scope, facts) = (self.server, self.scope, facts(wanted));
            Kind { server, grant_type, facts, scope, sign_in }.winners(people, candidates)
        };
        let mut winners = by(&named);
        if self.server.default_scopes.contains(self.scope) {
            add_others(&mut winners, by(&Wanted::Default), "the request names no scope");
        }
        for wanted in &wider {
            let Wanted::Named(scopes) = wanted else { continue };
            let others = scopes.iter().filter(|name| !self.named.contains(name));
            let others = others.collect::<Vec<_>>().join(" ");
            add_others(&mut winners, by(wanted), &format!("the request also names {others}"));
        }
        winners
    }

    fn class(&self, client: &'c Client, grant_type: &'static str, sign_in: SignIn) -> Class<'c> {
        let (id, spec) = (client.id.as_str(), &client.spec);
        Class {
            id: self.policies.read_clients.then_some(id),
            policies: self.policies.naming.get(id).cloned().unwrap_or_default(),
            grant_type,
            sign_in,
            auth: spec.auth.as_str(),
            is_admin: spec.admin,
            may_refresh: spec.may_refresh(),
            users: &spec.users,
            groups: &spec.groups,
        }
    }
}

/// Adds the users who get the scope by a rule only if the request names other scopes.
fn add_others(winners: &mut Vec<Winner>, others: Vec<Winner>, condition: &str) {
    let count = winners.len();
    for mut winner in others {
        for known in winners[..count].iter().filter(|known| known.name == winner.name) {
            winner.users = Rc::new(winner.users.difference(&known.users));
        }
        if !winner.users.is_empty() {
            winner.conditions.push(condition.to_owned());
            winners.push(winner);
        }
    }
}
