//! Refuses to delete what another entity still names or belongs to.
//!
//! An entity that is put is checked by its own rules. This finds the entities that no edit touches.

use std::collections::{BTreeMap, HashMap};

use super::{Fault, Faults, Field, Names};
use crate::catalog::{
    AuthorizationServer, ClaimSpec, ClientSpec, Clients, Edit, Entity, EntityKey, EntityKind,
    RuleSpec, STANDARD_SCOPES, Scopes, ServerId, ServerSpec, Snapshot, Spec,
};

/// Maximum number of entities that a message names.
const MAX_NAMED: usize = 5;

/// Refuses each deletion of an entity that others still need.
pub(super) fn refuse(names: &Names<'_>, faults: &mut Faults) {
    let Some(catalog) = names.view.catalog else { return };
    let deleted: HashMap<&EntityKey, usize> = names
        .edits
        .iter()
        .enumerate()
        .filter_map(|(place, edit)| match edit {
            Edit::Delete(key) if !names.has(key) => Some((key, place)),
            Edit::Delete(_) | Edit::Put(_) => None,
        })
        .collect();
    if deleted.is_empty() {
        return;
    }
    let mut needed_by: BTreeMap<usize, Vec<EntityKey>> = BTreeMap::new();
    each_stored(catalog, &mut |key, named| {
        let is_edited = names.put.contains_key(&key) || names.deleted.contains(&key);
        if is_edited {
            return;
        }
        let mut places: Vec<_> =
            named.iter().filter_map(|named| deleted.get(named).copied()).collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            needed_by.entry(place).or_default().push(key.clone());
        }
    });
    for (place, mut others) in needed_by {
        let Some(edit) = names.edits.get(place) else { continue };
        others.sort();
        faults.keep(|| Fault {
            edit: place,
            field: Field::whole(),
            ..Fault::of(edit.key(), &message(edit.key(), &others))
        });
    }
}

fn message(key: &EntityKey, others: &[EntityKey]) -> String {
    let shown: Vec<_> = others.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = match others.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{key} is still needed by {}{more}: change or delete that first", shown.join(", "))
}

/// Calls `visit` with each stored entity that names others or belongs to others, and with these.
fn each_stored(catalog: &Snapshot, visit: &mut dyn FnMut(EntityKey, Vec<EntityKey>)) {
    for client in catalog.clients() {
        let named = of_client(&client.spec);
        if !named.is_empty() {
            visit(EntityKey::client(&client.id), named);
        }
    }
    for server in catalog.servers().filter(|server| !server.id.is_org()) {
        visit(EntityKey::server(&server.id), of_server(&server.spec));
        each_in_server(server, &mut |key, mut named| {
            named.extend(key.parents());
            visit(key, named);
        });
    }
}

fn each_in_server(server: &AuthorizationServer, visit: &mut dyn FnMut(EntityKey, Vec<EntityKey>)) {
    let id = &server.id;
    for scope in server.scopes.keys() {
        visit(EntityKey::of_server(EntityKind::Scope, id, scope.as_str()), Vec::new());
    }
    for (key, claim) in &server.claims {
        visit(key.clone(), of_claim(id, claim));
    }
    for (name, issuer) in &server.trusted_issuers {
        let key = EntityKey::of_server(EntityKind::TrustedIssuer, id, name);
        visit(key, of_clients(&issuer.spec.clients));
    }
    for (policy, spec, rules) in server.written_policies() {
        if let Some(spec) = spec {
            let key = EntityKey::of_server(EntityKind::Policy, id, policy);
            visit(key, of_clients(&spec.clients));
        }
        for (name, rule) in rules {
            visit(EntityKey::rule(id, policy, name), of_rule(id, rule));
        }
    }
}

impl Snapshot {
    /// The entities that name an entity, whether it exists or not.
    pub fn naming(&self, named: &EntityKey) -> Vec<EntityKey> {
        let mut naming = Vec::new();
        each_stored(self, &mut |key, names| {
            if names.contains(named) {
                naming.push(key);
            }
        });
        naming.sort();
        naming
    }
}

/// The entities that an entity names.
pub(crate) fn named_by(entity: &Entity) -> Vec<EntityKey> {
    let server = entity.key.server_id().and_then(|id| ServerId::parse(id).ok());
    match (&entity.spec, server) {
        (Spec::Client(client), _) => of_client(client),
        (Spec::Server(server), _) => of_server(server),
        (Spec::Policy(policy), _) => of_clients(&policy.clients),
        (Spec::TrustedIssuer(issuer), _) => of_clients(&issuer.clients),
        (Spec::Claim(claim), Some(server)) => of_claim(&server, claim),
        (Spec::Rule(rule), Some(server)) => of_rule(&server, rule),
        (
            Spec::Claim(_)
            | Spec::Group(_)
            | Spec::Hook(_)
            | Spec::Rule(_)
            | Spec::Scope(_)
            | Spec::Zone(_),
            _,
        ) => Vec::new(),
    }
}

fn of_client(client: &ClientSpec) -> Vec<EntityKey> {
    client.may_act.iter().map(EntityKey::client).collect()
}

fn of_server(server: &ServerSpec) -> Vec<EntityKey> {
    server.trusted_servers.iter().map(EntityKey::server).collect()
}

fn of_clients(clients: &Clients) -> Vec<EntityKey> {
    match clients {
        Clients::All => Vec::new(),
        Clients::Named(ids) => ids.iter().map(EntityKey::client).collect(),
    }
}

fn of_claim(server: &ServerId, claim: &ClaimSpec) -> Vec<EntityKey> {
    claim.scopes.iter().filter_map(|scope| of_scope(server, scope.as_str())).collect()
}

fn of_rule(server: &ServerId, rule: &RuleSpec) -> Vec<EntityKey> {
    let scopes = match &rule.scopes {
        Scopes::Any => None,
        Scopes::Named(scopes) => Some(scopes.iter()),
    };
    let scopes =
        scopes.into_iter().flatten().chain(rule.scope_lifetimes.keys().map(String::as_str));
    let zones = rule.zones.iter().chain(&rule.not_zones).map(|zone| EntityKey::zone(zone));
    let hooks = rule.hooks.iter().map(|hook| EntityKey::hook(hook));
    zones.chain(hooks).chain(scopes.filter_map(|scope| of_scope(server, scope))).collect()
}

/// A standard scope of OpenID Connect is no entity.
fn of_scope(server: &ServerId, scope: &str) -> Option<EntityKey> {
    let is_entity = !STANDARD_SCOPES.contains(&scope);
    is_entity.then(|| EntityKey::of_server(EntityKind::Scope, server, scope))
}

#[cfg(test)]
mod tests;
