//! Warnings of rules that never decide: no request can match, or an earlier rule always matches first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Fault, Field, Names};
use crate::catalog::{
    AuthorizationServer, ClientId, ClientSpec, Clients, Edit, Effect, EntityKey, GrantKind,
    PolicySpec, Resource, RuleSpec, Scopes, ServerId, ServerSpec, Spec,
};
use crate::spelling::Quoted;

/// Maximum number of earlier rules that a rule is compared with.
const MAX_COMPARED: usize = 200;

/// Warns of the rules of the edits that never decide.
pub(super) fn warn(names: &Names<'_>, checked: &mut Checked) {
    for (server, policies) in policies(names) {
        let rules = ordered(&policies);
        let mut before: Vec<&Placed<'_>> = Vec::new();
        for rule in &rules {
            let warning = never_matches(names, server, rule).or_else(|| {
                let first = before.iter().find(|first| first.covers(rule, names.view.grants));
                first.map(|first| (Field::of("name"), hidden_by(first, rule)))
            });
            if let (Some((field, message)), Some(edit)) = (warning, rule.edit) {
                let key = names.edits[edit].key().clone();
                checked.warnings.keep(|| Fault { edit, field, message, ..Fault::of(&key, "") });
            }
            if before.len() < MAX_COMPARED {
                before.push(rule);
            }
        }
    }
}

/// The policies of a server after the edits, by their names.
type Policies<'a> = BTreeMap<&'a str, Written<'a>>;

/// A policy and its rules after the edits, each rule with the index of its edit.
#[derive(Default)]
struct Written<'a> {
    spec: Option<&'a PolicySpec>,
    rules: BTreeMap<&'a str, (&'a RuleSpec, Option<usize>)>,
}

/// The policies of all servers of which a policy or a rule is edited.
fn policies<'a>(names: &Names<'a>) -> BTreeMap<&'a str, Policies<'a>> {
    let mut servers: BTreeMap<&str, Policies<'_>> = BTreeMap::new();
    for (place, edit) in names.edits.iter().enumerate() {
        let Edit::Put(entity) = edit else { continue };
        let Some(server) = entity.key.server_id() else { continue };
        match &entity.spec {
            Spec::Policy(spec) => {
                let policies = servers.entry(server).or_insert_with(|| stored(names, server));
                policies.entry(&entity.key.name).or_default().spec = Some(spec);
            }
            Spec::Rule(spec) => {
                let policies = servers.entry(server).or_insert_with(|| stored(names, server));
                let policy = policies.entry(entity.key.policy_name().unwrap_or_default());
                policy.or_default().rules.insert(&entity.key.name, (&**spec, Some(place)));
            }
            _ => {}
        }
    }
    servers
}

/// The stored policies of a server without those that the edits delete.
fn stored<'a>(names: &Names<'a>, server: &str) -> Policies<'a> {
    let Some(known) = stored_server(names, server) else { return BTreeMap::new() };
    let policies = known.written_policies().map(|(policy, spec, rules)| {
        let rules = rules
            .iter()
            .filter(|(rule, _)| !names.deleted.contains(&EntityKey::rule(&known.id, policy, rule)));
        let rules = rules.map(|(rule, spec)| (rule.as_str(), (spec, None))).collect();
        let key = EntityKey::of_server(crate::catalog::EntityKind::Policy, &known.id, policy);
        let spec = spec.filter(|_| !names.deleted.contains(&key));
        (policy, Written { spec, rules })
    });
    policies.collect()
}

fn stored_server<'a>(names: &Names<'a>, server: &str) -> Option<&'a AuthorizationServer> {
    let id = ServerId::parse(server).ok()?;
    names.view.catalog?.server(&id).ok()?.map(|server| &**server)
}

/// An active rule in the order in which it is tried.
struct Placed<'a> {
    policy: &'a str,
    clients: &'a Clients,
    name: &'a str,
    spec: &'a RuleSpec,
    edit: Option<usize>,
}

fn ordered<'a>(policies: &Policies<'a>) -> Vec<Placed<'a>> {
    let mut rules = Vec::new();
    for (&policy, written) in policies {
        let Some(spec) = written.spec.filter(|spec| spec.status.is_active()) else { continue };
        for (&name, &(rule, edit)) in &written.rules {
            if rule.status.is_active() {
                let placed = Placed { policy, clients: &spec.clients, name, spec: rule, edit };
                rules.push(((spec.priority, policy, rule.priority), placed));
            }
        }
    }
    rules.sort_by_key(|(place, _)| *place);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn hidden_by(first: &Placed<'_>, rule: &Placed<'_>) -> String {
    let first_name = format!("{}/{}", first.policy, first.name);
    let shown = Quoted(&first_name);
    match (first.spec.effect, rule.spec.effect) {
        (Effect::Allow, Effect::Deny) => format!(
            "the rule {shown} allows before what this one denies: write the deny rule first"
        ),
        _ => format!(
            "the rule {shown} decides before whatever this one matches: write it first, or leave it out"
        ),
    }
}

impl Placed<'_> {
    /// Tells whether this rule decides each request that a later one is for. For a deny rule behind an allow rule:
    /// each request for the scopes that it denies.
    fn covers(&self, later: &Self, grants: &[GrantKind]) -> bool {
        let (first, then) = (self.spec, later.spec);
        self.covers_clients(later)
            && first.grant_types.is_superset(&then.grant_types)
            && covers_users(first, then)
            && (first.client_auth.is_empty()
                || !then.client_auth.is_empty() && first.client_auth.is_superset(&then.client_auth))
            && covers_circumstances(first, then)
            && covers_scopes(first, then, grants)
    }

    fn covers_clients(&self, later: &Self) -> bool {
        match (self.clients, later.clients) {
            (Clients::All, _) => true,
            (Clients::Named(_), Clients::All) => false,
            (Clients::Named(first), Clients::Named(then)) => first.is_superset(then),
        }
    }
}

fn covers_users(first: &RuleSpec, then: &RuleSpec) -> bool {
    let is_for_all = |rule: &RuleSpec| rule.users.is_empty() && rule.groups.is_empty();
    let has_all = first.users.is_superset(&then.users) && first.groups.is_superset(&then.groups);
    is_for_all(first) || !is_for_all(then) && has_all
}

/// The earlier rule has no condition on circumstances, or the same.
fn covers_circumstances(first: &RuleSpec, then: &RuleSpec) -> bool {
    // The same is not enough if the effects differ. What cannot be evaluated matches in a deny rule only, and the
    // resources of a deny rule match if one of them is requested.
    let same_counts = first.effect == then.effect;
    covers(&first.zones, &then.zones, same_counts)
        && covers(&first.not_zones, &then.not_zones, same_counts)
        && covers(&first.hours, &then.hours, same_counts)
        && covers(&first.acr_values, &then.acr_values, same_counts)
        && covers(&first.max_age, &then.max_age, same_counts)
        && covers(&first.resources, &then.resources, same_counts)
        && covers(&first.when, &then.when, same_counts)
}

fn covers<T: Default + PartialEq>(first: &T, then: &T, same_counts: bool) -> bool {
    *first == T::default() || same_counts && first == then
}

fn covers_scopes(first: &RuleSpec, then: &RuleSpec, grants: &[GrantKind]) -> bool {
    let has_all = match (&first.scopes, &then.scopes) {
        (Scopes::Any, _) => true,
        (Scopes::Named(_), Scopes::Any) => false,
        (Scopes::Named(first), Scopes::Named(then)) => then.is_subset(first),
    };
    match (first.effect, then.effect) {
        // A rule that narrows also matches if some of the scopes are outside.
        (Effect::Allow, Effect::Allow) => {
            has_all && (first.narrow || !then.narrow || first.scopes == Scopes::Any)
        }
        // A request with a user may name scopes of OpenID Connect only, which the later rule need not list.
        (Effect::Deny, Effect::Allow) => {
            let is_about_user = |name: &String| {
                grants.iter().any(|grant| grant.name == name && grant.is_about_user)
            };
            let is_about_users = then.grant_types.iter().any(is_about_user);
            first.scopes == Scopes::Any || has_all && !is_about_users && !then.narrow
        }
        (_, Effect::Deny) => has_all,
    }
}

/// Why no request can match a rule.
fn never_matches(names: &Names<'_>, server: &str, rule: &Placed<'_>) -> Option<(Field, String)> {
    let spec = rule.spec;
    if !spec.zones.is_empty() && spec.zones.is_subset(&spec.not_zones) {
        let message = "the rule never matches: each of its zones is also in \"not_zones\"";
        return Some((Field::of("zones"), message.to_owned()));
    }
    if let Some(unknown) = no_resource(names, server, spec) {
        let message = "no request can name this resource: add it to an audience of the server";
        return Some((Field::of("resources").entry(unknown), message.to_owned()));
    }
    let clients = named_clients(names, rule.clients)?;
    let is_used = clients.iter().any(|client| !client.grant_types.is_disjoint(&spec.grant_types));
    if !is_used {
        let message =
            "the rule never matches: no client of the policy has one of these grant types";
        return Some((Field::of("grant_types"), message.to_owned()));
    }
    let is_used = clients.iter().any(|client| spec.client_auth.contains(&client.auth));
    if !spec.client_auth.is_empty() && !is_used {
        let message = "the rule never matches: no client of the policy authenticates in this way";
        return Some((Field::of("client_auth"), message.to_owned()));
    }
    None
}

/// A resource of the rule, if no audience of the server has any of its resources.
fn no_resource<'r>(names: &Names<'_>, server: &str, rule: &'r RuleSpec) -> Option<&'r str> {
    let spec = server_spec(names, server)?;
    let audiences = spec.audiences.iter();
    let known: BTreeSet<String> = audiences
        .flat_map(|audience| {
            let urls = audience.resources.iter().map(String::as_str);
            urls.chain([audience.name.as_str()]).map(compared)
        })
        .collect();
    let mut own = rule.resources.iter();
    let is_unknown = own.all(|resource| !known.contains(&compared(resource)));
    rule.resources.first().filter(|_| is_unknown).map(String::as_str)
}

fn compared(resource: &str) -> String {
    Resource::new(resource).as_compared().to_owned()
}

fn server_spec<'a>(names: &Names<'a>, server: &str) -> Option<&'a ServerSpec> {
    let key = EntityKey::server(&ServerId::parse(server).ok()?);
    match names.put.get(&key).map(|place| &names.edits[*place]) {
        Some(Edit::Put(entity)) => match &entity.spec {
            Spec::Server(spec) => Some(spec),
            _ => None,
        },
        _ => stored_server(names, server).map(|server| &server.spec),
    }
}

/// The clients that a policy names. `None` if it is for all, or if one is not in view.
fn named_clients<'a>(names: &Names<'a>, clients: &Clients) -> Option<Vec<&'a ClientSpec>> {
    let Clients::Named(ids) = clients else { return None };
    ids.iter().map(|id| client(names, id)).collect()
}

fn client<'a>(names: &Names<'a>, id: &ClientId) -> Option<&'a ClientSpec> {
    match names.put.get(&EntityKey::client(id)).map(|place| &names.edits[*place]) {
        Some(Edit::Put(entity)) => match &entity.spec {
            Spec::Client(spec) => Some(spec),
            _ => None,
        },
        _ => names.view.catalog?.client(id.as_str()).ok()?.map(|client| &client.spec),
    }
}
