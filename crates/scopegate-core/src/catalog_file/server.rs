//! `[[server]]`: an authorization server and what belongs to it.

use scopegate_claims::Dialect;
use scopegate_jose::Algorithm;

use super::client::ClientNames;
use super::reader::{Node, Table};
use super::seen::Seen;
use super::shape::Shape;
use super::{claim, policy, resource, scope, trusted_issuer, trusted_server};
use crate::catalog::{Entity, EntityKey, Owner, ServerId, ServerSpec, Spec, Status};

pub(super) const MAX_NAME: usize = 100;

const SERVER: Shape = Shape {
    what: "a server",
    keys: &[
        "id",
        "name",
        "audiences",
        "dialect",
        "algorithms",
        "status",
        "scope",
        "claim",
        "policy",
        "trusted_issuer",
        "trusted_servers",
    ],
    later: &["hooks"],
    ..Shape::NONE
};

const DIALECTS: [(&str, Dialect); 3] =
    [("both", Dialect::Both), ("okta", Dialect::Okta), ("rfc9068", Dialect::Rfc9068)];

pub(super) const STATUS: [(&str, Status); 2] =
    [("ACTIVE", Status::Active), ("INACTIVE", Status::Inactive)];

/// Reads all servers, each followed by what belongs to it.
pub(super) fn read_all(catalog: &Table<'_>, clients: &ClientNames<'_>) -> Vec<Entity> {
    let (mut entities, mut ids) = (Vec::new(), Seen::default());
    let servers = catalog.tables("server", "[[server]]", &SERVER);
    for id in servers.iter().filter_map(|server| server.required_text("id")) {
        ids.once("server", id);
    }
    for server in servers {
        // That it is there was seen to above.
        let id = server.text_again("id").and_then(|id| id.parse(ServerId::parse));
        entities.extend(read(server, id.as_ref(), clients, &ids));
        read_parts(server, id.as_ref(), clients, &mut entities);
    }
    entities
}

fn read(
    server: Table<'_>,
    id: Option<&ServerId>,
    clients: &ClientNames<'_>,
    ids: &Seen<'_>,
) -> Option<Entity> {
    let name = server.required_text("name").and_then(|name| name.label(MAX_NAME));
    let audiences = resource::read_audiences(server, clients);
    let dialect = server.optional_text("dialect");
    let dialect = dialect.and_then(|name| name.one_of("dialect", &DIALECTS)).unwrap_or_default();
    let algorithms = match server.optional("algorithms") {
        None => vec![Algorithm::Rs256],
        Some(node) => read_algorithms(node)?,
    };
    let status = read_status(server);
    let spec = ServerSpec {
        name: name?.to_owned(),
        audiences: audiences?,
        dialect,
        algorithms,
        trusted_servers: trusted_server::read(server, id, ids),
        status,
    };
    Some(Entity { key: EntityKey::server(id?), owner: Owner::File, spec: Spec::Server(spec) })
}

/// Reads what belongs to a server, even if the server itself is wrong: there may be more to report.
fn read_parts(
    server: Table<'_>,
    id: Option<&ServerId>,
    clients: &ClientNames<'_>,
    entities: &mut Vec<Entity>,
) {
    let scopes = server.tables("scope", "[[server.scope]]", &scope::SCOPE);
    let names = scope::names(&scopes);
    entities.extend(scopes.into_iter().filter_map(|scope| scope::read(scope, id)));
    entities.extend(claim::read_all(server, id, &names));
    policy::read_all(server, id, clients, &names, entities);
    entities.extend(trusted_issuer::read_all(server, id, clients));
}

fn read_algorithms(node: Node<'_>) -> Option<Vec<Algorithm>> {
    // RS256 first: it is what one should try first when in doubt.
    let known = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
        .map(|name| (name, Algorithm::from_name(name)));
    let mut seen = Seen::default();
    let names = node.some_texts("[\"RS256\"]")?.into_iter();
    let read: Vec<Option<Algorithm>> = names
        .map(|name| {
            seen.once("algorithm", name);
            name.one_of("algorithm", &known).flatten()
        })
        .collect();
    read.into_iter().collect()
}

/// Reads the status of anything that has one.
pub(super) fn read_status(table: Table<'_>) -> Status {
    let status = table.optional_text("status");
    status.and_then(|name| name.one_of("status", &STATUS)).unwrap_or_default()
}
