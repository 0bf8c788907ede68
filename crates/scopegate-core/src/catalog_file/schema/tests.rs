use jsonschema::Validator;

use super::*;

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

/// Collects the keys without a schema.
fn untyped(schema: &Value, path: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                let path = format!("{path}/{key}");
                if path.ends_with(&format!("properties/{key}")) && *value == Value::Bool(true) {
                    found.push(path.clone());
                }
                untyped(value, &path, found);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| untyped(entry, path, found)),
        _ => {}
    }
}

#[test]
fn each_key_of_the_reader_has_a_schema() {
    let mut found = Vec::new();
    untyped(&schema(), "", &mut found);
    assert_eq!(found, [""; 0], "add each key to its types in catalog_file/schema.rs");
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
