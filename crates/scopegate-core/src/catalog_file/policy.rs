//! `[[server.policy]]` and `[[server.policy.rule]]`. Their order in the file is their priority.

use super::draft::Draft;
use super::ids::{BadIds, BadScopes};
use super::{rule, status};
use crate::catalog::{EntityKey, EntityKind, PolicySpec, Spec};
use crate::toml_reader::{Shape, Table};

pub(super) const POLICY: Shape = Shape {
    what: "a policy",
    keys: &["name", "description", "clients", "status", "rule"],
    ..Shape::NONE
};

/// Reads `description`, which is optional.
pub(super) fn description(table: Table<'_>) -> String {
    table.optional_text("description").map_or_else(String::new, |text| text.text.to_owned())
}

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
            let description = description(policy);
            Some(Spec::Policy(PolicySpec { priority, description, clients: clients?, status }))
        });
        let rules = policy.tables("rule", "[[server.policy.rule]]", &rule::RULE);
        for (table, priority) in rules.into_iter().zip(1..) {
            let name = draft.name(table, "name");
            let key = EntityKey { kind: EntityKind::Rule, parent: parent.clone(), name };
            draft.read(table, key, || rule::read(table, priority, scopes).map(Spec::from));
        }
    }
}
