//! Names of other entities that a file mentions.

use std::collections::{BTreeSet, HashSet};

use scopegate_claims::Scope;

use super::seen::Seen;
use crate::catalog::{ClientId, Clients, ServerId, scope_token};
use crate::toml_reader::{Node, Table, Text};

/// The ids of clients and servers in the file that cannot be ids. That is said where they are given; what
/// mentions them is right.
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

    /// A client that is mentioned.
    pub(super) fn client(&self, id: Text<'_>) -> Option<ClientId> {
        match self.clients.contains(id.text) {
            true => None,
            false => id.parse(ClientId::parse),
        }
    }

    /// A server that is mentioned. The org server is one too.
    pub(super) fn server(&self, id: Text<'_>) -> Option<ServerId> {
        match self.servers.contains(id.text) {
            true => None,
            false => id.parse(|text| ServerId::try_from(text.to_owned())),
        }
    }

    /// Which clients something is for. If that is missing it is for none, and the rest can be checked.
    pub(super) fn clients(&self, table: Table<'_>) -> Option<Clients> {
        let Some(node) = table.required("clients") else {
            return Some(Clients::Named(BTreeSet::new()));
        };
        let Listed::These(ids) = read_list(node, "client ids")? else { return Some(Clients::All) };
        let mut seen = Seen::default();
        let known = ids.into_iter().map(|id| {
            seen.once("client", id);
            self.client(id)
        });
        known.collect::<Option<BTreeSet<_>>>().map(Clients::Named)
    }
}

/// The names of a server's scopes that no scope can have.
pub(super) struct BadScopes<'f>(HashSet<&'f str>);

impl<'f> BadScopes<'f> {
    pub(super) fn of(scopes: &[Table<'f>]) -> Self {
        Self(bad_names(scopes, "name", |name| Scope::parse(name).is_ok()))
    }

    /// A scope that is mentioned.
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
    let names = tables.iter().filter_map(|table| table.text_again(key));
    names.map(|name| name.text).filter(|name| !is_name(name)).collect()
}

/// A list of names, or all there are.
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

/// Reads a list of names that is kept without an order: each of them stands in it once.
pub(super) fn read_set(
    node: Option<Node<'_>>,
    what: &str,
    read: impl Fn(Text<'_>) -> Option<String>,
) -> BTreeSet<String> {
    let mut seen = Seen::default();
    let names = node.and_then(Node::texts).unwrap_or_default().into_iter();
    let names = names.filter_map(|name| {
        seen.once(what, name);
        read(name)
    });
    names.collect()
}
