//! `[[server.policy]]` and `[[server.policy.rule]]`. They are tried in the order of the file.

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::{Scope, ScopeSet};

use super::client::ClientNames;
use super::reader::{Node, Table, Text};
use super::scope::named;
use super::seen::Seen;
use super::server::{MAX_NAME, read_status};
use super::shape::Shape;
use super::{duration, people, supported};
use crate::catalog::{
    Clients, Entity, EntityKey, EntityKind, Owner, PolicySpec, RuleSpec, Scopes, ServerId, Spec,
};
use crate::grants::client_credentials;

const POLICY: Shape =
    Shape { what: "a policy", keys: &["name", "clients", "status", "rule"], ..Shape::NONE };

const RULE: Shape = Shape {
    what: "a rule",
    keys: &[
        "name",
        "grant_types",
        "users",
        "groups",
        "scopes",
        "access_token_lifetime",
        "refresh_token_lifetime",
        "refresh_token_window",
        "status",
    ],
    later: &["hooks"],
    ..Shape::NONE
};

/// Reads the policies of a server, each followed by its rules.
pub(super) fn read_all(
    server: Table<'_>,
    id: Option<&ServerId>,
    clients: &ClientNames<'_>,
    scopes: &Seen<'_>,
    entities: &mut Vec<Entity>,
) {
    let mut names = Seen::default();
    for (policy, priority) in
        server.tables("policy", "[[server.policy]]", &POLICY).into_iter().zip(1..)
    {
        let name = read_name(policy, "policy", &mut names);
        let applies_to = policy.required("clients").and_then(|node| read_clients(node, clients));
        let status = read_status(policy);
        if let (Some(server), Some(name), Some(clients)) = (id, name, applies_to) {
            let key = EntityKey::of_server(EntityKind::Policy, server, name);
            let spec = Spec::Policy(PolicySpec { priority, clients, status });
            entities.push(Entity { key, owner: Owner::File, spec });
        }
        let parent = id.zip(name);
        let mut names = Seen::default();
        let rules = policy.tables("rule", "[[server.policy.rule]]", &RULE);
        let read = |(rule, priority)| read_rule(rule, priority, parent, scopes, &mut names);
        entities.extend(rules.into_iter().zip(1..).filter_map(read));
    }
}

fn read_rule<'f>(
    rule: Table<'f>,
    priority: u32,
    policy: Option<(&ServerId, &str)>,
    known: &Seen<'_>,
    names: &mut Seen<'f>,
) -> Option<Entity> {
    let name = read_name(rule, "rule", names);
    let grant_types = rule.required("grant_types").and_then(read_grant_types);
    let scopes = rule.required("scopes").and_then(|node| read_scopes(node, known));
    let access_token_lifetime = match rule.optional("access_token_lifetime") {
        None => RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME,
        Some(lifetime) => duration::read(
            lifetime.text()?,
            "an access token",
            RuleSpec::MIN_ACCESS_TOKEN_LIFETIME,
            RuleSpec::MAX_ACCESS_TOKEN_LIFETIME,
        )?,
    };
    let status = read_status(rule);
    let (users, groups) = people::read(rule);
    if grant_types.as_ref().is_some_and(|grants| grants.contains(client_credentials::GRANT_TYPE)) {
        warn_of_people(rule, [("users", &users), ("groups", &groups)]);
    }
    let (refresh_token_lifetime, refresh_token_window) = read_refresh(rule, access_token_lifetime);
    let spec = RuleSpec {
        priority,
        grant_types: grant_types?,
        scopes: scopes?,
        access_token_lifetime,
        users,
        groups,
        refresh_token_lifetime,
        refresh_token_window,
        status,
    };
    let (server, policy) = policy?;
    let key = EntityKey::rule(server, policy, name?);
    Some(Entity { key, owner: Owner::File, spec: Spec::Rule(spec) })
}

/// Warns of persons in a rule for a grant in which none takes part.
fn warn_of_people(rule: Table<'_>, people: [(&'static str, &BTreeSet<String>); 2]) {
    let named = people.into_iter().filter(|(_, names)| !names.is_empty());
    for (key, node) in named.filter_map(|(key, _)| Some((key, rule.optional(key)?))) {
        node.warn(format_args!(
            "{key} do not matter to client_credentials: each client of the policy gets these scopes by it, \
             whoever is named; write a rule of its own for client_credentials"
        ));
    }
}

/// Reads the grants that a rule is for. A refresh goes by the rules for the grant that it goes back to.
fn read_grant_types(node: Node<'_>) -> Option<BTreeSet<String>> {
    let grants = supported::read_grant_types(node)?;
    let refreshes = node.texts()?.into_iter().filter(|name| name.text == "refresh_token");
    let refused = refreshes.map(|name| {
        name.refuse(format_args!(
            "a refresh goes by the rules for the grant that gave the refresh token: leave it out"
        ));
    });
    if refused.count() == 0 { Some(grants) } else { None }
}

/// Reads how long refresh tokens live: in all, and without being used.
fn read_refresh(rule: Table<'_>, access: Duration) -> (Option<Duration>, Duration) {
    let (least, most) = (RuleSpec::MIN_REFRESH_TOKEN_WINDOW, RuleSpec::MAX_REFRESH_TOKEN_WINDOW);
    let read = |key, what, least| {
        let text = rule.optional(key)?.text()?;
        duration::read(text, what, least, most)
    };
    // Okta: a refresh token does not end before the access token that came with it.
    let lifetime = read("refresh_token_lifetime", "a refresh token", least.max(access));
    let window = read("refresh_token_window", "the window of a refresh token", least);
    (lifetime, window.unwrap_or(RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW))
}

fn read_name<'f>(table: Table<'f>, what: &str, names: &mut Seen<'f>) -> Option<&'f str> {
    let name = table.required_text("name")?;
    names.once(what, name);
    name.label(MAX_NAME)
}

/// Reads which clients something is for.
pub(super) fn read_clients(node: Node<'_>, clients: &ClientNames<'_>) -> Option<Clients> {
    let Listed::These(ids) = read_list(node, "client ids")? else { return Some(Clients::All) };
    let mut seen = Seen::default();
    let known = ids.into_iter().filter_map(|id| {
        seen.once("client", id);
        clients.known(id)
    });
    Some(Clients::Named(known.collect::<BTreeSet<_>>()))
}

fn read_scopes(node: Node<'_>, known: &Seen<'_>) -> Option<Scopes> {
    let Listed::These(scopes) = read_list(node, "scopes")? else { return Some(Scopes::Any) };
    let mut seen = Seen::default();
    let scopes: Vec<Scope> =
        scopes.into_iter().filter_map(|scope| named(scope, known, &mut seen)).collect();
    ScopeSet::from_tokens(scopes).ok().map(Scopes::Named)
}

/// A list of names, or all there are.
enum Listed<'f> {
    All,
    These(Vec<Text<'f>>),
}

fn read_list<'f>(node: Node<'f>, what: &str) -> Option<Listed<'f>> {
    let texts = node.some_texts(&format!("{what}, or [\"*\"] for all"))?;
    match (texts.iter().find(|text| text.text == "*"), texts.len()) {
        (None, _) => Some(Listed::These(texts)),
        (Some(_), 1) => Some(Listed::All),
        (Some(star), _) => {
            star.refuse(format_args!("\"*\" means all: write [\"*\"] alone, or {what} without it"));
            None
        }
    }
}
