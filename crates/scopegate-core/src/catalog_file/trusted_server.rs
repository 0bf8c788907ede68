//! `trusted_servers`: whose tokens may be exchanged for a server's own.

use std::collections::BTreeSet;

use super::reader::{Node, Table, Text};
use super::seen::Seen;
use crate::catalog::ServerId;
use crate::spelling::{Instead, Quoted};

/// The most servers that a server trusts.
const MAX_NUMBER: usize = 100;

/// Reads the servers that a server trusts: others of the file, or the one that is always there.
pub(super) fn read(
    server: Table<'_>,
    own: Option<&ServerId>,
    in_file: &Seen<'_>,
) -> BTreeSet<ServerId> {
    let names = server.optional("trusted_servers").and_then(Node::texts).unwrap_or_default();
    if let Some(surplus) = names.get(MAX_NUMBER) {
        surplus.refuse(format_args!("too many servers: write at most {MAX_NUMBER}"));
    }
    let mut seen = Seen::default();
    let names = names.into_iter().filter_map(|name| {
        seen.once("server", name);
        read_one(name, own, in_file)
    });
    names.collect()
}

fn read_one(name: Text<'_>, own: Option<&ServerId>, in_file: &Seen<'_>) -> Option<ServerId> {
    if name.text == ServerId::ORG {
        name.refuse(format_args!("tokens of the org server open no other API: leave it out"));
        return None;
    }
    if own.is_some_and(|own| own.as_str() == name.text) {
        name.refuse(format_args!("a server takes its own tokens anyway: leave it out"));
        return None;
    }
    if !in_file.contains(name.text) && name.text != ServerId::DEFAULT {
        let others = in_file.names().filter(|id| own.is_none_or(|own| own.as_str() != *id));
        let instead = Instead { of: name.text, known: others };
        name.refuse(format_args!("unknown server {}: {instead}", Quoted(name.text)));
        return None;
    }
    name.parse(ServerId::parse)
}
