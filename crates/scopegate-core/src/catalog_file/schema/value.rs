//! The parts of a JSON Schema. Patterns are looser than the reader where a regular expression would be hard to
//! read: each valid file fits the schema.

use serde_json::{Map, Value, json};

use super::Types;
use crate::spelling::DURATION_PATTERN;

/// The regular expressions of texts.
pub(super) mod pattern {
    pub(in super::super) const SERVER_ID: &str = "^[A-Za-z0-9_-]{1,64}$";
    /// A client id, or `*` where that means all clients.
    pub(in super::super) const CLIENT_ID: &str = "^[!-~]{1,256}$";
    /// RFC 6749 §3.3.
    pub(in super::super) const SCOPE: &str = r"^[!#-\[\]-~]{1,128}$";
    /// SQL without control characters, except tabs and line ends.
    pub(in super::super) const QUERY: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]{1,8192}$";
    pub(in super::super) const VISIBLE: &str = "^[!-~]+$";
    /// A URI with its scheme (RFC 3986 §3.1).
    pub(in super::super) const URI: &str = "^[A-Za-z][A-Za-z0-9+.-]*:[^ ]+$";
    pub(in super::super) const URL_OF_KEYS: &str = "^[Hh][Tt][Tt][Pp][Ss]?:[^ ]+$";
    pub(in super::super) const ORIGIN: &str = "^https?://[^/?# ]+$";
    pub(in super::super) const NETWORK: &str = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";
    pub(in super::super) const ATTRIBUTE: &str =
        r"^(user|client\.attributes)\.[A-Za-z0-9_-]{1,100}$";
    pub(in super::super) const TIME_OF_DAY: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
    pub(in super::super) const TIME_ZONE: &str = "^[A-Za-z][A-Za-z0-9._+/-]*$";
    /// 64 hex digits, or 43 characters of base64url.
    pub(in super::super) const SHA256: &str = "^([0-9A-Fa-f]{64}|[A-Za-z0-9_-]{43})$";
    pub(in super::super) const VARIABLE: &str = "^[A-Za-z0-9_]+$";
    pub(in super::super) const HASH: &str = r"^\$argon2id\$";
    /// RFC 3339. Editors give dates without quotes as texts.
    pub(in super::super) const MOMENT: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})$";
}

/// A table with the keys of a shape. A key without a schema accepts any value; a test finds it.
pub(super) fn object(description: &str, (shape, required, types): Types) -> Value {
    let schema_of = |key: &str| {
        let found = types.iter().find(|(name, _)| *name == key);
        found.map_or(Value::Bool(true), |(_, schema)| schema.clone())
    };
    let properties = shape.keys.iter().map(|key| ((*key).to_owned(), schema_of(key)));
    json!({
        "type": "object",
        "description": description,
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

/// An array of tables, such as `[[server]]`.
pub(super) fn tables(description: &str, types: Types) -> Value {
    list(object(description, types))
}

/// A list. Editors show the description of its entries at the list, too.
pub(super) fn list(items: Value) -> Value {
    let mut list = json!({ "type": "array", "description": items["description"] });
    list["items"] = items;
    list
}

pub(super) fn short_list(items: Value, most: u32) -> Value {
    let mut list = list(items);
    list["maxItems"] = most.into();
    list
}

/// A text of 1 to `most` characters.
pub(super) fn text(description: &str, most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "description": description })
}

/// A text of a form.
pub(super) fn formed(description: &str, pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description })
}

pub(super) fn boolean(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

pub(super) fn whole(description: &str, least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most, "description": description })
}

pub(super) fn duration(description: &str) -> Value {
    formed(&format!("{description}. Numbers with units: 10m, 1h30m, 7d"), DURATION_PATTERN)
}

/// Any value that JSON can have.
pub(super) fn any(description: &str) -> Value {
    let types = ["string", "number", "boolean", "array", "object"];
    json!({ "type": types, "description": description })
}

/// A table with any keys.
pub(super) fn table(description: &str) -> Value {
    json!({ "type": "object", "description": description })
}

/// A table with any keys, whose values have this schema.
pub(super) fn table_of(description: &str, values: &Value) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": values })
}

pub(super) fn one_of(description: &str, names: impl IntoIterator<Item = &'static str>) -> Value {
    let names: Vec<_> = names.into_iter().collect();
    json!({ "type": "string", "enum": names, "description": description })
}

/// The names of a table of the reader.
pub(super) fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}
