//! References to other entities by their names.

use std::collections::{BTreeSet, HashSet};

use scopegate_claims::Scope;

use super::seen::Seen;
use crate::catalog::{ClientId, Clients, ServerId, scope_token};
use crate::toml_reader::{Node, Table, Text};

/// The invalid ids of clients and servers in the file. They are reported where the client or server is
/// defined, so references to them are not reported again.
pub(super) struct BadIds<'f> {
    clients: HashSet<&'f str>,
    servers: HashSet<&'f str>,
}

impl<'f> BadIds<'f> {
    pub(super) fn of(clients: &[Table<'f>], servers: &[Table<'f>]) -> Self {
        Self {
            clients: bad_names(clients, "id", |id| ClientId::parse(id).is_ok()),
            servers: bad_names(servers, "id", |id| ServerId::parse(id).is_ok()),
        }
    }

    /// Reads a reference to a client.
    pub(super) fn client(&self, id: Text<'_>) -> Option<ClientId> {
        match self.clients.contains(id.text) {
            true => None,
            false => id.parse(ClientId::parse),
        }
    }

    /// Reads a reference to a server, which may be the org server.
    pub(super) fn server(&self, id: Text<'_>) -> Option<ServerId> {
        match self.servers.contains(id.text) {
            true => None,
            false => id.parse(|text| ServerId::try_from(text.to_owned())),
        }
    }

    /// Reads `clients`. If the key is missing, the list is empty, so that the rest can be checked.
    pub(super) fn clients(&self, table: Table<'_>) -> Option<Clients> {
        let Some(node) = table.required("clients") else {
            return Some(Clients::Named(BTreeSet::new()));
        };
        let Listed::These(ids) = read_list(node, "client ids")? else { return Some(Clients::All) };
        let mut seen = Seen::default();
        let known = ids.into_iter().map(|id| {
            seen.add("client", id);
            self.client(id)
        });
        known.collect::<Option<BTreeSet<_>>>().map(Clients::Named)
    }
}

/// The invalid names of scopes of a server, as in [`BadIds`].
pub(super) struct BadScopes<'f>(HashSet<&'f str>);

impl<'f> BadScopes<'f> {
    pub(super) fn of(scopes: &[Table<'f>]) -> Self {
        Self(bad_names(scopes, "name", |name| Scope::parse(name).is_ok()))
    }

    /// Reads a reference to a scope.
    pub(super) fn scope(&self, name: Text<'_>) -> Option<Scope> {
        match self.0.contains(name.text) {
            true => None,
            false => name.parse(scope_token),
        }
    }
}

fn bad_names<'f>(
    tables: &[Table<'f>],
    key: &'static str,
    is_name: impl Fn(&str) -> bool,
) -> HashSet<&'f str> {
    let names = tables.iter().filter_map(|table| table.text_if_written(key));
    names.map(|name| name.text).filter(|name| !is_name(name)).collect()
}

/// A list of names, or `["*"]` for all.
pub(super) enum Listed<'f> {
    All,
    These(Vec<Text<'f>>),
}

pub(super) fn read_list<'f>(node: Node<'f>, what: &str) -> Option<Listed<'f>> {
    let texts = node.texts()?;
    match (texts.iter().find(|text| text.text == "*"), texts.len()) {
        (None, _) => Some(Listed::These(texts)),
        (Some(_), 1) => Some(Listed::All),
        (Some(star), _) => {
            star.refuse(format_args!("\"*\" means all: write [\"*\"] alone, or {what} without it"));
            None
        }
    }
}

/// Reads a list of names into a set. Duplicates are refused.
pub(super) fn read_set(
    node: Option<Node<'_>>,
    what: &str,
    read: impl Fn(Text<'_>) -> Option<String>,
) -> BTreeSet<String> {
    let mut seen = Seen::default();
    let names = node.and_then(Node::texts).unwrap_or_default().into_iter();
    let names = names.filter_map(|name| {
        seen.add(what, name);
        read(name)
    });
    names.collect()
}
