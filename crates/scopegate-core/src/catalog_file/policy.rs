//! `[[server.policy]]` and `[[server.policy.rule]]`. Their order in the file is their priority.

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::{Scope, ScopeSet};

use super::draft::Draft;
use super::ids::{BadIds, BadScopes, Listed, read_list, read_set};
use super::seen::Seen;
use super::{status, users_and_groups};
use crate::catalog::{EntityKey, EntityKind, PolicySpec, RuleSpec, Scopes, Spec};
use crate::spelling::{Quoted, parse_duration};
use crate::toml_reader::{Node, Shape, Table, Text};

pub(super) const POLICY: Shape =
    Shape { what: "a policy", keys: &["name", "clients", "status", "rule"], ..Shape::NONE };

pub(super) const RULE: Shape = Shape {
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
pub(super) fn read_all<'f>(
    server: Table<'f>,
    id: &str,
    ids: &BadIds<'f>,
    scopes: &BadScopes<'f>,
    draft: &mut Draft<'f>,
) {
    let policies = server.tables("policy", "[[server.policy]]", &POLICY);
    for (policy, priority) in policies.into_iter().zip(1..) {
        let name = draft.name(policy, "name");
        let parent = format!("{id}/{name}");
        let key = EntityKey { kind: EntityKind::Policy, parent: id.to_owned(), name };
        draft.read(policy, key, || {
            let clients = ids.clients(policy);
            let status = status::read(policy);
            Some(Spec::Policy(PolicySpec { priority, clients: clients?, status }))
        });
        let rules = policy.tables("rule", "[[server.policy.rule]]", &RULE);
        for (rule, priority) in rules.into_iter().zip(1..) {
            let name = draft.name(rule, "name");
            let key = EntityKey { kind: EntityKind::Rule, parent: parent.clone(), name };
            draft.read(rule, key, || read_rule(rule, priority, scopes).map(Spec::Rule));
        }
    }
}

fn read_rule(rule: Table<'_>, priority: u32, scopes: &BadScopes<'_>) -> Option<RuleSpec> {
    let grant_types = rule.required("grant_types");
    let scopes = rule.required("scopes").and_then(|node| read_scopes(node, scopes));
    let read = |key| rule.optional_text(key).map(read_duration);
    let access_token_lifetime = read("access_token_lifetime");
    let refresh_token_lifetime = read("refresh_token_lifetime");
    let refresh_token_window = read("refresh_token_window");
    let (users, groups) = users_and_groups::read(rule);
    Some(RuleSpec {
        priority,
        grant_types: read_set(grant_types, "grant type", |name| Some(name.text.to_owned())),
        scopes: scopes?,
        access_token_lifetime: access_token_lifetime
            .unwrap_or(Some(RuleSpec::DEFAULT_ACCESS_TOKEN_LIFETIME))?,
        users,
        groups,
        refresh_token_lifetime: refresh_token_lifetime.map_or(Some(None), |read| read.map(Some))?,
        refresh_token_window: refresh_token_window
            .unwrap_or(Some(RuleSpec::DEFAULT_REFRESH_TOKEN_WINDOW))?,
        status: status::read(rule),
    })
}

fn read_scopes(node: Node<'_>, bad: &BadScopes<'_>) -> Option<Scopes> {
    let Listed::These(scopes) = read_list(node, "scopes")? else { return Some(Scopes::Any) };
    let mut seen = Seen::default();
    let scopes = scopes.into_iter().map(|scope| {
        seen.add("scope", scope);
        bad.scope(scope)
    });
    let scopes: Vec<Option<Scope>> = scopes.collect();
    let scopes: BTreeSet<Scope> = scopes.into_iter().collect::<Option<_>>()?;
    ScopeSet::from_tokens(scopes).ok().map(Scopes::Named)
}

/// Reads a duration. Its limits are checked later, because they depend on the key.
fn read_duration(text: Text<'_>) -> Option<Duration> {
    let duration = parse_duration(text.text);
    if duration.is_none() {
        let shown = Quoted(text.text);
        text.refuse(format_args!(
            "{shown} is no duration: write numbers with units, such as \"10m\" or \"1h30m\""
        ));
    }
    duration
}
