//! The JSON Schema of `scopegate.toml`, for editors. It is made of the table of keys, so none can be missing.

use serde_json::{Map, Value, json};

use super::keys;

/// The JSON Schema (2020-12) of the file.
pub(super) fn schema() -> Value {
    let mut root = table();
    for key in keys::all() {
        let description = format!("{}; default: {}", key.meaning(), key.default());
        let leaf = key.form.schema(&description);
        put(&mut root, &mut key.path().split('.').peekable(), leaf);
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
    leaf: Value,
) {
    let (Some(name), Some(properties)) = (path.next(), table_at["properties"].as_object_mut())
    else {
        return;
    };
    match path.peek() {
        None => drop(properties.insert(name.to_owned(), leaf)),
        Some(_) => put(child(properties, name), path, leaf),
    }
}

fn child<'a>(properties: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    properties.entry(name).or_insert_with(table)
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

    /// Values that are right and wrong for each key, as they are written in the file.
    const VALUES: &[(&str, &[&str], &[&str])] = &[
        (
            "base_url",
            &["'https://id.example.com'", "'http://127.0.0.1:9000/a'"],
            &["'id.example.com'", "'https://id.example.com/'", "1"],
        ),
        ("master_key_file", &["'key'"], &["''", "true"]),
        ("previous_master_key_file", &["'/etc/key'"], &["''", "['a']"]),
        (
            "listen.public",
            &["'127.0.0.1:80'", "'[::1]:9000'"],
            &["'localhost:80'", "'127.0.0.1'", "80"],
        ),
        ("listen.admin", &["'0.0.0.0:9001'"], &["':9001'", "9001"]),
        ("tls.certificate", &["'cert.pem'"], &["''", "1"]),
        ("tls.key", &["'key.pem'"], &["''", "1"]),
        (
            "store.url",
            &["'sqlite:a.db'", "'postgres://u@h/d?sslmode=verify-full'", "'postgresql://h/d'"],
            &["'mysql://h/d'", "'sqlite:'", "1"],
        ),
        ("store.connections", &["1", "1000"], &["0", "1001", "'10'"]),
        ("log.format", &["'text'", "'json'"], &["'xml'", "1"]),
        (
            "log.level",
            &["'info'", "'info,scopegate_store=debug'", "'a=off, warn'"],
            &["'loud'", "'info,a=loud'", "''", "1"],
        ),
        (
            "trusted_proxies",
            &["[]", "['10.0.0.0/8', '::1']"],
            &["'10.0.0.0/8'", "['proxy.example']", "[1]"],
        ),
        ("forwarding_header", &["'forwarded'", "'x-forwarded-for'"], &["'via'", "1"]),
        ("limits.connections", &["1", "1000000"], &["0", "1000001", "'10'"]),
        ("limits.connections_per_address", &["10"], &["0", "1.5"]),
        ("limits.write_timeout", &["'1s'", "'1m30s'"], &["'30'", "'1.5s'", "'30s1m'", "''", "30"]),
        ("limits.idle_timeout", &["'75s'"], &["75"]),
        (
            "limits.pushed_requests",
            &["'60/m'", "'1000000/h'"],
            &["'60'", "'0/m'", "'1000001/h'", "'60/d'", "60"],
        ),
        ("limits.device_requests", &["'1/s'"], &["'1/'", "1"]),
        ("audit.keep", &["'90d'", "'1d12h'"], &["'90'", "'90w'", "90"]),
        ("catalog.keep", &["'400d'"], &["'a year'", "400"]),
        ("hooks.deadline", &["'3s'"], &["'soon'", "3"]),
        (
            "hooks.connections",
            &["{}", "{ billing = { url = 'postgres://h/d' } }"],
            &["'billing'", "{ billing = 'postgres://h/d' }", "{ billing = { uri = 'a' } }"],
        ),
        ("keys.pkcs11.module", &["'/usr/lib/softhsm/libsofthsm2.so'"], &["''", "1"]),
        (
            "keys.pkcs11.token",
            &["'scopegate'"],
            &["''", "'a label of more than 32 characters is no label'"],
        ),
        ("keys.pkcs11.pin_file", &["'/etc/pin'"], &["''", "1"]),
        ("keys.pkcs11.sessions", &["1", "64"], &["0", "65", "'4'"]),
    ];

    #[test]
    fn the_schema_and_the_reader_accept_and_refuse_the_same_values_of_each_key() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let written: Vec<_> = VALUES.iter().map(|(key, ..)| *key).collect();
        for key in keys::all() {
            assert!(written.contains(&key.path()), "add {} to the values", key.path());
        }
        for (key, good, bad) in VALUES {
            for (value, is_right) in
                good.iter().map(|value| (value, true)).chain(bad.iter().map(|value| (value, false)))
            {
                let content = format!("{key} = {value}\n");
                let table: toml::Table = content.parse().unwrap();
                let json = serde_json::to_value(table).unwrap();
                assert_eq!(validator.is_valid(&json), is_right, "schema: {content}");
                let file = super::super::ConfigText {
                    name: "scopegate.toml",
                    folder: std::path::Path::new("/etc/sg"),
                    content: content.as_bytes(),
                };
                let read = super::super::Config::read(Some(&file), []);
                let complaints = read.err().map(|error| error.to_string()).unwrap_or_default();
                // Other complaints are about keys that belong together, such as the two of `tls`.
                let is_refused = complaints.contains("scopegate.toml:1:");
                assert!(is_right || is_refused, "reader: {content}{complaints}");
            }
        }
    }

    #[test]
    fn a_file_with_an_unknown_key_does_not_fit_the_schema() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for bad in
            [json!({ "lisen": {} }), json!({ "tls": { "cert": "a" } }), json!({ "tls": "a" })]
        {
            assert!(!validator.is_valid(&bad), "{bad}");
        }
    }
}
