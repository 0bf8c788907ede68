//! The rules that give a scope to a client by one grant.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use scopegate_claims::{ScopeSet, UnixTime};

use super::circumstance::Occasion;
use super::people::People;
use super::search::{Kind, Winner};
use super::user_set::UserSet;
use crate::catalog::{AuthorizationServer, Client, Clients};
use crate::directory::User;
use crate::grants::{Grant, device_code};
use crate::policy::condition::{CONDITIONS, Dependence};
use crate::policy::{Facts, Wanted};

/// The scopes that need a sign-in for the request itself. A token exchange or an assertion never gives them.
const SIGN_IN_SCOPES: [&str; 2] = ["offline_access", "openid"];

/// A scope of a server, and what was found for it so far.
#[derive(Debug)]
pub(super) struct Sought<'c> {
    pub(super) server: &'c AuthorizationServer,
    pub(super) scope: &'c str,
    /// A request that names the scope.
    named: Wanted,
    /// The policies that name a client, by their indexes.
    policies: BTreeMap<&'c str, Vec<usize>>,
    /// Whether a rule reads more of a client than the parts that are in a [`Class`].
    reads_clients: bool,
    found: RefCell<HashMap<Class<'c>, Rc<[Winner]>>>,
}

/// The parts of a client that policies read. Clients of one class get the same.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Class<'c> {
    id: Option<&'c str>,
    policies: Vec<usize>,
    grant_type: &'static str,
    occasion: Occasion,
    auth: &'static str,
    is_admin: bool,
    may_refresh: bool,
    users: &'c BTreeSet<String>,
    groups: &'c BTreeSet<String>,
}

impl<'c> Sought<'c> {
    pub(super) fn new(server: &'c AuthorizationServer, scope: &'c str) -> Self {
        // `offline_access` is granted only beside another scope.
        let beside = (scope == "offline_access").then_some("openid");
        let named = ScopeSet::from_tokens(beside.into_iter().chain([scope]));
        let mut policies = BTreeMap::<_, Vec<usize>>::new();
        for (place, policy) in server.policies().iter().enumerate() {
            if let Some(Clients::Named(clients)) = policy.spec.as_ref().map(|spec| &spec.clients) {
                for client in clients {
                    policies.entry(client.as_str()).or_default().push(place);
                }
            }
        }
        Self {
            server,
            scope,
            named: named.map_or(Wanted::Default, Wanted::Named),
            policies,
            reads_clients: reads_clients(server),
            found: RefCell::default(),
        }
    }

    /// The rules that give the scope to a client, which may use the grant.
    pub(super) fn winners(
        &self,
        client: &'c Client,
        grant: &dyn Grant,
        has_sign_in: bool,
        people: &People<'c>,
    ) -> Rc<[Winner]> {
        let grant_type = grant.grant_type();
        let has_resources = grant_type != device_code::GRANT_TYPE;
        let occasion = Occasion { has_sign_in, has_resources };
        let class = self.class(client, grant_type, occasion);
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
        let found: Rc<[_]> = match is_possible && !candidates.is_empty() {
            true => self.search(client, grant_type, user, occasion, people, &candidates).into(),
            false => Rc::default(),
        };
        self.found.borrow_mut().insert(class, Rc::clone(&found));
        found
    }

    /// The same for a client without a user, in a token exchange.
    pub(super) fn winners_without_user(
        &self,
        client: &'c Client,
        grant_type: &'static str,
        people: &People<'c>,
    ) -> Vec<Winner> {
        let occasion = Occasion { has_sign_in: false, has_resources: true };
        match SIGN_IN_SCOPES.contains(&self.scope) {
            true => Vec::new(),
            false => self.search(client, grant_type, None, occasion, people, &UserSet::all(1)),
        }
    }

    fn search(
        &self,
        client: &'c Client,
        grant_type: &'static str,
        user: Option<&'c User>,
        occasion: Occasion,
        people: &People<'c>,
        candidates: &UserSet,
    ) -> Vec<Winner> {
        let by = |wanted| {
            let facts = Facts {
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
            let kind = Kind { server: self.server, grant_type, facts, scope: self.scope, occasion };
            kind.winners(people, candidates)
        };
        let mut winners = by(&self.named);
        if self.server.default_scopes.contains(self.scope) {
            add_unnamed(&mut winners, by(&Wanted::Default));
        }
        winners
    }

    fn class(&self, client: &'c Client, grant_type: &'static str, occasion: Occasion) -> Class<'c> {
        let (id, spec) = (client.id.as_str(), &client.spec);
        Class {
            id: self.reads_clients.then_some(id),
            policies: self.policies.get(id).cloned().unwrap_or_default(),
            grant_type,
            occasion,
            auth: spec.auth.as_str(),
            is_admin: spec.admin,
            may_refresh: spec.may_refresh(),
            users: &spec.users,
            groups: &spec.groups,
        }
    }
}

/// Adds the users who get the scope only if the request names no scope.
fn add_unnamed<'c>(winners: &mut Vec<Winner>, unnamed: Vec<Winner>) {
    let count = winners.len();
    for mut winner in unnamed {
        for named in winners[..count].iter().filter(|named| named.name == winner.name) {
            winner.users = winner.users.difference(&named.users);
        }
        if !winner.users.is_empty() {
            winner.conditions.push("the request names no scope".to_owned());
            winners.push(winner);
        }
    }
}

/// Whether a rule of the server has a condition that is stored and may read any part of a client.
fn reads_clients(server: &AuthorizationServer) -> bool {
    let known = ["built_in", "client_auth", "clients", "grant_types", "groups", "scopes"];
    let others = CONDITIONS.iter().filter(|condition| !known.contains(&condition.name()));
    let others: Vec<_> = others.collect();
    let rules = || server.policies().iter().flat_map(|policy| policy.rules());
    rules().any(|rule| {
        others.iter().any(|condition| {
            condition.is_written(rule) && condition.depends_on(rule) == Dependence::Catalog
        })
    })
}
