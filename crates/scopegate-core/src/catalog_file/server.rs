//! `[[server]]`: an authorization server with its scopes, claims, policies and trusted issuers.

use std::collections::BTreeSet;

use scopegate_claims::{Audience, Dialect};
use scopegate_jose::Algorithm;

use super::draft::Draft;
use super::ids::{BadIds, BadScopes};
use super::rule::read_duration;
use super::seen::Seen;
use super::{claim, policy, scope, status, trusted_issuer};
use crate::catalog::{
    AudienceSpec, EntityKey, EntityKind, KeyRotation, KeySchedule, ServerId, ServerSpec, Spec,
};
use crate::spelling::Quoted;
use crate::toml_reader::{Node, Shape, Table};

pub(super) const SERVER: Shape = Shape {
    what: "a server",
    keys: &[
        "id",
        "name",
        "description",
        "audiences",
        "dialect",
        "algorithms",
        "status",
        "scope",
        "claim",
        "policy",
        "trusted_issuer",
        "trusted_servers",
        "keys",
    ],
    later: &["hooks"],
    ..Shape::NONE
};

pub(super) const AUDIENCE: Shape =
    Shape { what: "an audience", keys: &["name", "resources"], ..Shape::NONE };

pub(super) const KEYS: Shape =
    Shape { what: "the keys of a server", keys: &["rotation", "every", "announce"], ..Shape::NONE };

pub(super) const ROTATIONS: [(&str, KeyRotation); 2] =
    [("auto", KeyRotation::Auto), ("manual", KeyRotation::Manual)];

pub(super) const DIALECTS: [(&str, Dialect); 3] =
    [("both", Dialect::Both), ("okta", Dialect::Okta), ("rfc9068", Dialect::Rfc9068)];

/// Reads a server and then the entities that belong to it, even if the server itself has problems.
pub(super) fn read<'f>(server: Table<'f>, ids: &BadIds<'f>, draft: &mut Draft<'f>) {
    let id = server.required_text("id").and_then(|id| id.parse(ServerId::parse));
    let id = id.map_or_else(|| draft.placeholder_name(), |id| id.to_string());
    let key = EntityKey { kind: EntityKind::Server, parent: String::new(), name: id.clone() };
    draft.read(server, key, || read_spec(server, ids).map(Spec::Server));
    let scopes = server.tables("scope", "[[server.scope]]", &scope::SCOPE);
    let bad = BadScopes::of(&scopes);
    draft.miss_tables(server, "scope", EntityKind::Scope, &id);
    for scope in scopes {
        scope::read(scope, &id, draft);
    }
    claim::read_all(server, &id, &bad, draft);
    policy::read_all(server, &id, ids, &bad, draft);
    trusted_issuer::read_all(server, &id, ids, draft);
}

fn read_spec(server: Table<'_>, ids: &BadIds<'_>) -> Option<ServerSpec> {
    let name = server.required_text("name");
    let audiences = server.required("audiences").and_then(read_audiences);
    let dialect = server.optional_text("dialect");
    let dialect = dialect.and_then(|name| name.one_of("dialect", &DIALECTS)).unwrap_or_default();
    let algorithms = match server.optional("algorithms") {
        None => Some(vec![Algorithm::Rs256]),
        Some(node) => read_algorithms(node),
    };
    let trusted_servers = read_trusted_servers(server, ids);
    let keys = read_key_schedule(server);
    let status = status::read(server);
    Some(ServerSpec {
        name: name.map_or_else(|| "?".to_owned(), |name| name.text.to_owned()),
        description: policy::description(server),
        audiences: audiences?,
        dialect,
        algorithms: algorithms?,
        trusted_servers: trusted_servers?,
        keys: keys?,
        status,
    })
}

fn read_audiences(node: Node<'_>) -> Option<Vec<AudienceSpec>> {
    let read: Vec<Option<AudienceSpec>> = node.list()?.map(read_audience).collect();
    read.into_iter().collect()
}

fn read_audience(entry: Node<'_>) -> Option<AudienceSpec> {
    let audience = entry.table(&AUDIENCE)?;
    let name = audience.required_text("name").and_then(|name| {
        let shown = Quoted(name.text);
        let text = format!("{shown} is no audience: write a text such as \"api://orders\"");
        name.parse(|name| Audience::parse(name).map_err(|_| text))
    });
    let resources = audience.optional("resources").and_then(Node::texts).unwrap_or_default();
    let resources = resources.into_iter().map(|url| url.text.to_owned()).collect();
    Some(AudienceSpec { name: name?, resources })
}

fn read_algorithms(node: Node<'_>) -> Option<Vec<Algorithm>> {
    // RS256 comes first, because messages suggest the first one first, and all libraries support it.
    let known = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
        .map(|name| (name, Algorithm::from_name(name)));
    let names = node.texts()?.into_iter();
    let read: Vec<Option<Algorithm>> =
        names.map(|name| name.one_of("algorithm", &known).flatten()).collect();
    read.into_iter().collect()
}

/// Reads when the signing keys change.
fn read_key_schedule(server: Table<'_>) -> Option<KeySchedule> {
    let usual = KeySchedule::default();
    let Some(keys) = server.optional("keys") else { return Some(usual) };
    let keys = keys.table(&KEYS)?;
    let rotation = keys.optional_text("rotation");
    let rotation =
        rotation.map_or(Some(usual.rotation), |name| name.one_of("rotation", &ROTATIONS));
    let every = keys.optional_text("every").map_or(Some(usual.every), read_duration);
    let announce = match keys.optional_text("announce") {
        None => Some(None),
        Some(text) => read_duration(text).map(Some),
    };
    Some(KeySchedule { rotation: rotation?, every: every?, announce: announce? })
}

/// Reads the servers whose tokens may be exchanged for tokens of this server.
fn read_trusted_servers(server: Table<'_>, ids: &BadIds<'_>) -> Option<BTreeSet<ServerId>> {
    let names = server.optional("trusted_servers").and_then(Node::texts).unwrap_or_default();
    let mut seen = Seen::default();
    let names: Vec<Option<ServerId>> = names
        .into_iter()
        .map(|name| {
            seen.add("server", name);
            ids.server(name)
        })
        .collect();
    names.into_iter().collect()
}
