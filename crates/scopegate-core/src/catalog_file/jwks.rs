//! The public keys of a client or an issuer.

use scopegate_jose::Jwk;

use super::json;
use crate::catalog::key_advice;
use crate::toml_reader::{Node, Shape, Table};

pub(super) const JWKS: Shape = Shape { what: "a key set", keys: &["keys"], ..Shape::NONE };

/// Reads the key set of `owner` (RFC 7517 §5). If there is none, the list is empty.
pub(super) fn read(table: Table<'_>, owner: &str) -> Option<Vec<Jwk>> {
    let Some(node) = table.optional("jwks") else { return Some(Vec::new()) };
    let keys = node.table(&JWKS)?.required("keys")?;
    let entries = keys.list()?;
    if entries.len() == 0 {
        keys.refuse(format_args!("{owner} has 1 to 16 keys: write keys = [{{ kty = \"EC\", … }}]"));
        return None;
    }
    let read: Vec<Option<Jwk>> = entries.map(read_key).collect();
    read.into_iter().collect()
}

/// Reads the URL that publishes keys.
pub(super) fn read_uri(table: Table<'_>) -> Option<Option<String>> {
    match table.optional("jwks_uri") {
        None => Some(None),
        Some(node) => Some(Some(node.text()?.text.to_owned())),
    }
}

fn read_key(entry: Node<'_>) -> Option<Jwk> {
    if !entry.value().is_table() {
        entry.refuse(format_args!("a key must be a table in braces: write {{ kty = \"EC\", … }}"));
        return None;
    }
    let json = json::convert(entry)?.to_string();
    let refuse = |problem| entry.refuse(format_args!("{}", key_advice(problem)));
    Jwk::parse(&json).map_err(refuse).ok()
}
