//! The JSON Schema of `scopegate.toml`, for editors. It is made of the table of keys, so none can be missing.

use serde_json::{Map, Value, json};

use super::keys;
use super::keys::hooks::CONNECTIONS;

/// The JSON Schema (2020-12) of the file.
pub(super) fn schema() -> Value {
    let mut root = table();
    for key in keys::all() {
        let description = format!("{}; default: {}", key.meaning(), key.default());
        put(&mut root, &mut key.path().split('.').peekable(), &leaf(key.path(), &description));
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("The configuration of scopegate");
    root
}

fn table() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// Adds a key with its path below a table.
fn put<'p>(
    table_at: &mut Value,
    path: &mut std::iter::Peekable<impl Iterator<Item = &'p str>>,
    leaf: &Value,
) {
    let (Some(name), Some(properties)) = (path.next(), table_at["properties"].as_object_mut())
    else {
        return;
    };
    match path.peek() {
        None => drop(properties.insert(name.to_owned(), leaf.clone())),
        Some(_) => put(child(properties, name), path, leaf),
    }
}

fn child<'a>(properties: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    properties.entry(name).or_insert_with(table)
}

/// A value. Its type is known only by the function that reads it.
fn leaf(path: &str, description: &str) -> Value {
    if path == CONNECTIONS {
        let url = json!({ "type": "object", "properties": { "url": { "type": "string" } },
                          "required": ["url"], "additionalProperties": false });
        return json!({ "type": "object", "description": description, "additionalProperties": url });
    }
    json!({ "type": ["string", "integer", "boolean", "array"], "description": description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_in_the_schema_with_its_meaning() {
        let schema = schema();
        for key in keys::all() {
            let path = key.path().split('.');
            let found = path.fold(&schema, |at, name| &at["properties"][name]);
            let description = found["description"].as_str().unwrap_or_default();
            assert!(description.starts_with(key.meaning()), "{}: {found}", key.path());
        }
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["tls"]["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["tls"]["properties"].as_object().unwrap().len(), 2);
    }
}
