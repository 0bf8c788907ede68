use std::collections::BTreeSet;

use jsonschema::Validator;

use super::*;
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::testing::WithoutStore;

const DEMO: &str = include_str!("../tests/demo.toml");

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

fn json(toml: &str) -> Value {
    let table: toml::Table = toml.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_demo_fits_the_schema() {
    let errors: Vec<_> =
        validator().iter_errors(&json(DEMO)).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn a_file_with_a_mistake_does_not_fit_the_schema() {
    let validator = validator();
    assert!(validator.is_valid(&json("version = 1")));
    for bad in [
        "",
        "version = 0",
        "version = '1'",
        "version = 1\nservers = []",
        "version = 1\n[[server]]\nid = 'a'\nname = 'A'",
        "version = 1\n[[server]]\nid = 'a'\nname = 'A'\naudiences = ['a']",
        "version = 1\n[[server]]\nid = 'a'\nname = 'A'\naudiences = []\ndialect = 'saml'",
        "version = 1\n[[client]]\nid = 'a'\nname = 'A'\nauth = 'magic'",
        "version = 1\n[[client]]\nid = 'a'\nname = 'A'\nauth = 'none'\nsecret = 'a'",
        "version = 1\n[[client]]\nid = 'a'\nname = 'A'\nauth = 'none'\nadmin = true",
        "version = 1\n[[user]]\nlogin = 'a'\npassword = 'b'",
        "version = 1\n[[user]]\nlogin = 'a'\nstatus = 'active'",
    ] {
        assert!(!validator.is_valid(&json(bad)), "{bad}");
    }
    let rule = |lifetime: &str| {
        json(&format!(
            "version = 1\n[[server]]\nid = 'a'\nname = 'A'\naudiences = []\n[[server.policy]]\n\
             name = 'p'\nclients = ['*']\n[[server.policy.rule]]\nname = 'r'\n\
             grant_types = ['client_credentials']\nscopes = []\naccess_token_lifetime = '{lifetime}'"
        ))
    };
    for (lifetime, fits) in
        [("10m", true), ("1h30m", true), ("", false), ("10", false), ("1m1h", false)]
    {
        assert_eq!(validator.is_valid(&rule(lifetime)), fits, "{lifetime}");
    }
}

/// A catalog in which each key occurs, and which the reader accepts.
const EVERYTHING: &str = include_str!("everything.toml");

/// A table as an editor gives it to a validator: dates are texts.
fn of_editor(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => json!(date.to_string()),
        toml::Value::Array(entries) => entries.iter().map(of_editor).collect(),
        toml::Value::Table(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), of_editor(value)));
            Value::Object(entries.collect())
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

fn editor_json(text: &str) -> Value {
    of_editor(&toml::Value::Table(text.parse().unwrap()))
}

#[test]
fn each_catalog_of_the_repository_fits_the_schema() {
    const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path| std::fs::read_to_string(format!("{REPOSITORY}/{path}")).unwrap();
    let validator = validator();
    for (name, text) in [
        ("everything.toml", EVERYTHING.to_owned()),
        ("demo.toml", DEMO.to_owned()),
        ("orders-api", read("examples/orders-api/catalog.toml")),
        ("fuzz", read("fuzz/catalog.toml")),
        ("foreign clients", read("tests/foreign_clients/catalog.toml")),
    ] {
        let json = editor_json(&text);
        let errors = validator.iter_errors(&json).map(|error| error.to_string());
        assert_eq!(errors.collect::<Vec<_>>(), [""; 0], "{name}");
    }
}

#[test]
fn the_reader_accepts_the_catalog_with_everything() {
    let source = CatalogSource { name: "everything.toml", content: EVERYTHING.as_bytes() };
    let context: &dyn CatalogContext = &WithoutStore;
    CatalogFile::parse(&source, context).unwrap_or_else(|errors| panic!("{errors}"));
}

/// A place in a document, and the schema there.
struct Found<'s> {
    pointer: String,
    schema: &'s Value,
}

/// Collects the values of a document, with their schemas.
fn values<'s>(document: &Value, schema: &'s Value, pointer: &str, found: &mut Vec<Found<'s>>) {
    found.push(Found { pointer: pointer.to_owned(), schema });
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                let named = &schema["properties"][key];
                let schema = if named.is_null() { &schema["additionalProperties"] } else { named };
                if schema.is_object() {
                    values(value, schema, &format!("{pointer}/{key}"), found);
                }
            }
        }
        Value::Array(entries) if schema["items"].is_object() => {
            for (place, value) in entries.iter().enumerate() {
                values(value, &schema["items"], &format!("{pointer}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_wrong_value_of_each_key_does_not_fit_the_schema() {
    let (validator, schema, good) = (validator(), schema(), editor_json(EVERYTHING));
    let mut found = Vec::new();
    values(&good, &schema, "", &mut found);
    let mut checked = 0;
    for Found { pointer, schema } in found {
        if schema["type"].is_array() {
            // A constant may have any type.
            continue;
        }
        let wrong = match schema["type"].as_str().expect("each value has one type") {
            "string" => vec![json!(7), json!(""), json!(" \u{1} ".repeat(400))],
            "integer" => vec![json!("7"), json!(-1), json!(1.5)],
            "boolean" => vec![json!("true"), json!(1)],
            "array" => vec![json!("a"), json!({})],
            "object" => vec![json!("a"), json!([])],
            other => panic!("{other}"),
        };
        for wrong in wrong {
            let mut bad = good.clone();
            *bad.pointer_mut(&pointer).unwrap() = wrong.clone();
            // The `kid` of a key may be any text.
            let fits = schema["type"] == "string" && pointer.ends_with("/kid") && wrong.is_string();
            assert_eq!(validator.is_valid(&bad), fits, "{pointer}: {wrong}");
            checked += 1;
        }
    }
    assert!(checked > 300, "{checked}");
}

/// Collects the keys of a schema, and checks each.
fn keys(schema: &Value, path: &str, found: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    for (key, schema) in properties.into_iter().flatten() {
        let path = format!("{path}/{key}");
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{path} has no description");
        assert!(!schema["type"].is_null(), "{path} has no type");
        found.push(path.clone());
        keys(schema, &path, found);
        keys(&schema["items"], &path, found);
    }
}

#[test]
fn each_key_has_a_description_and_a_type_and_occurs_in_the_catalog_with_everything() {
    fn written(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let path = format!("{path}/{key}");
                    written(value, &path, found);
                    found.insert(path);
                }
            }
            Value::Array(entries) => entries.iter().for_each(|entry| written(entry, path, found)),
            _ => {}
        }
    }
    let (mut known, mut used) = (Vec::new(), BTreeSet::new());
    keys(&schema(), "", &mut known);
    written(&editor_json(EVERYTHING), "", &mut used);
    // A kept secret is of one store.
    let missing = known.iter().filter(|key| !used.contains(*key) && !key.ends_with("/kept"));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0], "add each key to everything.toml");
}

#[test]
fn no_schema_is_for_a_key_that_the_reader_does_not_have() {
    for (shape, required, types) in [
        catalog(),
        server_types(),
        scope_types(),
        claim_types(),
        policy_types(),
        rule_types(),
        issuer_types(),
        client_types(),
        user_types(),
    ] {
        let keys = required.iter().chain(types.iter().map(|(key, _)| key));
        let other: Vec<_> = keys.filter(|key| !shape.keys.contains(key)).collect();
        assert_eq!(other, [&""; 0], "{}", shape.what);
    }
}
