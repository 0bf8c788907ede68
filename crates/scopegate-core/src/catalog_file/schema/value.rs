//! The parts of a JSON Schema.

use serde_json::{Map, Value, json};

use super::Types;

/// A table with the keys of a shape. A key without a schema accepts any value; a test finds it.
pub(super) fn object((shape, required, types): Types) -> Value {
    let schema_of = |key: &str| {
        let found = types.iter().find(|(name, _)| *name == key);
        found.map_or(Value::Bool(true), |(_, schema)| schema.clone())
    };
    let properties = shape.keys.iter().map(|key| ((*key).to_owned(), schema_of(key)));
    json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

/// An array of tables, such as `[[server]]`.
pub(super) fn tables(types: Types) -> Value {
    list(object(types))
}

pub(super) fn list(items: Value) -> Value {
    let mut list = json!({ "type": "array" });
    list["items"] = items;
    list
}

pub(super) fn short_list(items: Value, most: u32) -> Value {
    let mut list = list(items);
    list["maxItems"] = most.into();
    list
}

pub(super) fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

pub(super) fn boolean(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

pub(super) fn whole(description: &str, least: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "description": description })
}

pub(super) fn duration(description: &str) -> Value {
    let pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
    json!({ "type": "string", "pattern": pattern, "minLength": 2, "description": description })
}

pub(super) fn any(description: &str) -> Value {
    json!({ "description": description })
}

/// A table with any keys.
pub(super) fn table(description: &str) -> Value {
    json!({ "type": "object", "description": description })
}

pub(super) fn one_of(description: &str, names: impl IntoIterator<Item = &'static str>) -> Value {
    let names: Vec<_> = names.into_iter().collect();
    json!({ "enum": names, "description": description })
}

/// The names of a table of the reader.
pub(super) fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}
