//! The attributes of a client, which claims are made of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json;
use super::reader::Node;
use crate::spelling::Quoted;

const MAX_NAME: usize = 100;

/// Tells whether an attribute may have this name: what TOML takes as a key without quotes.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

/// Reads the attributes of a client.
pub(super) fn read(node: Node<'_>) -> Option<BTreeMap<String, Value>> {
    for (name, _) in node.entries()?.filter(|(name, _)| !is_name(name.text)) {
        let shown = Quoted(name.text);
        name.refuse(format_args!(
            "{shown} is no name of an attribute: write 1 to {MAX_NAME} letters, digits, `-` or `_`"
        ));
    }
    match json::read(node, json::MAX_BYTES)? {
        Value::Object(attributes) => Some(attributes.into_iter().collect()),
        _ => None,
    }
}
