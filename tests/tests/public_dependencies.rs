//! The crates whose types are in our public APIs are those of `public-dependencies.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};
use serde_json::{Value, json};

/// For each name of a crate, the items of it that a public API uses.
type Used = BTreeMap<String, BTreeSet<String>>;

const STANDARD: [&str; 3] = ["alloc", "core", "std"];

#[test]
#[ignore = "run by scripts/test"]
fn public_apis_use_only_the_crates_of_the_list() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
    let root = &metadata.workspace_root;
    let list = std::fs::read_to_string(root.join("public-dependencies.toml")).unwrap();
    let mut list: BTreeMap<String, BTreeSet<String>> = toml::from_str(&list).unwrap();

    write_rustdoc_json(&metadata);
    let mut problems = Vec::new();
    for package in metadata.workspace_packages() {
        if package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let file = format!("doc/{}.json", package.name.replace('-', "_"));
        let text = std::fs::read_to_string(metadata.target_directory.join(file)).unwrap();
        let used = used_crates(&serde_json::from_str(&text).unwrap());
        let Some(allowed) = list.remove(package.name.as_str()) else {
            problems.push(format!("{} has no list", package.name));
            continue;
        };
        problems.extend(differences(&package.name, &used, &allowed));
    }
    problems.extend(list.into_keys().map(|name| format!("{name} is not a published crate")));
    assert!(problems.is_empty(), "public-dependencies.toml:\n{}", problems.join("\n"));
}

/// The packages are selected as in `scripts/test`, so that dependencies are compiled once.
fn write_rustdoc_json(metadata: &Metadata) {
    let status = Command::new(env!("CARGO"))
        .args(["doc", "--quiet", "--workspace", "--no-deps", "--all-features", "--lib"])
        .current_dir(&metadata.workspace_root)
        .env("RUSTDOC", metadata.workspace_root.join("scripts/rustdoc"))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json")
        .status();
    assert!(status.expect("cargo starts").success());
}

fn differences(name: &str, used: &Used, allowed: &BTreeSet<String>) -> Vec<String> {
    let new = used.iter().filter(|(used, _)| !allowed.contains(*used));
    let new = new.map(|(used, items)| format!("{name} uses {used} and may not: {items:?}"));
    let unused = allowed.iter().filter(|allowed| !used.contains_key(*allowed));
    new.chain(unused.map(|allowed| format!("{name} does not use {allowed}"))).collect()
}

/// Reads rustdoc's JSON. It has no private and no hidden items.
fn used_crates(crate_: &Value) -> Used {
    let mut used = Used::new();
    for item in crate_["index"].as_object().expect("an index").values() {
        let implementation = &item["inner"]["impl"];
        let generated = implementation["is_synthetic"] == json!(true)
            || implementation["blanket_impl"].is_object();
        if item["crate_id"] == json!(0) && !generated {
            collect(&item["inner"], crate_, &mut used);
        }
    }
    used
}

/// Finds the paths at any depth: types, traits and reexports.
fn collect(value: &Value, crate_: &Value, used: &mut Used) {
    match value {
        Value::Object(members) => {
            if members.contains_key("path") || members.contains_key("source") {
                let item = &crate_["paths"][members["id"].to_string()];
                let name = &crate_["external_crates"][item["crate_id"].to_string()]["name"];
                let path = item["path"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let path = path.collect::<Vec<_>>().join("::");
                if let Some(name) = name.as_str()
                    && is_public_dependency(name, &path)
                {
                    used.entry(name.to_owned()).or_default().insert(path);
                }
            }
            members.values().for_each(|member| collect(member, crate_, used));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, crate_, used)),
        _ => {}
    }
}

fn is_public_dependency(name: &str, path: &str) -> bool {
    // pin-project-lite writes such a type into the `where` clause of `Unpin`.
    let private = path.contains("::__private::");
    !private && !STANDARD.contains(&name) && !name.starts_with("scopegate")
}

/// A crate with one public item, whose signature uses a type of crate 20.
fn crate_with(inner: &Value) -> Value {
    json!({
        "index": { "1": { "crate_id": 0, "inner": inner } },
        "paths": { "7": { "crate_id": 20, "path": ["http", "request", "Request"] } },
        "external_crates": { "20": { "name": "http" } },
    })
}

fn request() -> Value {
    json!({ "resolved_path": { "path": "Request", "id": 7, "args": null } })
}

#[test]
fn a_type_in_a_signature_is_found() {
    let function = json!({ "function": { "sig": { "inputs": [["request", request()]] } } });
    let used = used_crates(&crate_with(&function));
    assert_eq!(used["http"].iter().collect::<Vec<_>>(), ["http::request::Request"]);
}

#[test]
fn a_reexport_is_found() {
    let reexport = json!({ "use": { "source": "http::Request", "id": 7, "is_glob": false } });
    assert!(used_crates(&crate_with(&reexport)).contains_key("http"));
}

#[test]
fn a_written_implementation_counts_and_a_generated_one_does_not() {
    let implementation = |synthetic, blanket| {
        let inner = json!({ "impl": {
            "for": request(), "is_synthetic": synthetic, "blanket_impl": blanket,
        } });
        used_crates(&crate_with(&inner)).contains_key("http")
    };
    assert!(implementation(false, Value::Null));
    assert!(!implementation(true, Value::Null));
    assert!(!implementation(false, json!({ "generic": "T" })));
}

#[test]
fn a_new_crate_and_an_unused_entry_are_both_reported() {
    let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let used = Used::from([("http".to_owned(), list(&["http::request::Request"]))]);
    assert!(differences("ours", &used, &list(&["http"])).is_empty());
    assert_eq!(
        differences("ours", &used, &list(&["bytes"])),
        [r#"ours uses http and may not: {"http::request::Request"}"#, "ours does not use bytes",],
    );
}

#[test]
fn the_standard_library_and_our_own_crates_are_not_listed() {
    assert!(is_public_dependency("http", "http::Request"));
    assert!(!is_public_dependency("std", "std::io::Error"));
    assert!(!is_public_dependency("scopegate_claims", "scopegate_claims::Scope"));
    assert!(!is_public_dependency("pin_project_lite", "pin_project_lite::__private::Pinned"));
}
