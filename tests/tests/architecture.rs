//! The dependencies between crates that ARCHITECTURE.md allows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The workspace crates that each crate may depend on directly.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("scopegate-claims", &[]),
    ("scopegate-macros", &[]),
    ("scopegate-jose", &["scopegate-claims"]),
    ("scopegate-bearer", &["scopegate-claims", "scopegate-jose"]),
    ("scopegate-tower", &["scopegate-bearer", "scopegate-claims", "scopegate-jose"]),
    (
        "scopegate-tonic",
        &["scopegate-bearer", "scopegate-claims", "scopegate-jose", "scopegate-tower"],
    ),
    (
        "scopegate-axum",
        &["scopegate-bearer", "scopegate-claims", "scopegate-jose", "scopegate-macros"],
    ),
    (
        "scopegate",
        &[
            "scopegate-axum",
            "scopegate-bearer",
            "scopegate-claims",
            "scopegate-jose",
            "scopegate-macros",
            "scopegate-tonic",
            "scopegate-tower",
        ],
    ),
    ("scopegate-core", &["scopegate-claims", "scopegate-jose"]),
    ("scopegate-store", &["scopegate-claims", "scopegate-core", "scopegate-jose"]),
    (
        "scopegate-server",
        // The management API is protected by our own layer and guards.
        &[
            "scopegate-axum",
            "scopegate-bearer",
            "scopegate-claims",
            "scopegate-core",
            "scopegate-jose",
            "scopegate-store",
            "scopegate-tower",
        ],
    ),
    (
        "scopegate-testkit",
        // The feature `server` brings `scopegate-core`.
        &[
            "scopegate-bearer",
            "scopegate-claims",
            "scopegate-core",
            "scopegate-jose",
            "scopegate-tower",
        ],
    ),
];

/// The crates that a crate may not depend on, directly or indirectly.
const NEVER_REACHES: [(&str, &[&str]); 9] = [
    ("scopegate-claims", &["aws-lc-rs", "http", "tokio", "serde_json"]),
    ("scopegate-jose", &["http", "hyper", "tokio", "jsonwebtoken"]),
    ("scopegate-bearer", &["axum", "axum-core", "hyper", "tokio", "reqwest"]),
    ("scopegate-tower", &["axum", "axum-core", "scopegate-core", "tonic"]),
    ("scopegate-axum", &["scopegate-tower", "scopegate-core", "reqwest"]),
    ("scopegate", &["scopegate-core", "scopegate-store", "scopegate-server", "rusqlite", "sqlx"]),
    ("scopegate-core", &["axum", "axum-core", "http", "hyper", "rusqlite", "sqlx"]),
    ("scopegate-store", &["axum", "axum-core", "hyper"]),
    // A service that tests itself does not build the authorization server.
    (
        "scopegate-testkit",
        &["axum", "scopegate-core", "scopegate-store", "argon2", "toml", "rusqlite", "sqlx"],
    ),
];

/// Libraries that only these crates may use directly: only the store uses SQL, only jose uses
/// cryptography.
const ONLY_USER: [(&str, &[&str]); 4] = [
    // argon2 is in core and not in jose, because verifiers link jose and hash no passwords.
    ("argon2", &["scopegate-core"]),
    ("rusqlite", &["scopegate-store", "orders-api"]),
    ("sqlx", &["scopegate-store"]),
    ("aws-lc-rs", &["scopegate-jose", "scopegate-benches"]),
];

/// The libraries that each crate of the workspace uses directly.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata runs");
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let members: BTreeSet<_> = metadata.workspace_members.iter().collect();
    let mut graph = BTreeMap::new();
    for node in &metadata.resolve.expect("the dependencies are resolved").nodes {
        let uses: BTreeSet<String> = node
            .deps
            .iter()
            .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal))
            .map(|dep| names[&dep.pkg].clone())
            .collect();
        if members.contains(&node.id) {
            graph.insert(names[&node.id].clone(), uses);
        }
    }
    graph
}

/// Every library that a crate needs with its default features. The features that other crates of
/// the workspace enable do not count.
fn reachable(from: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", from, "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}"])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).expect("the names are ASCII");
    lines.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
}

#[test]
fn workspace_crates_depend_only_on_the_allowed_crates() {
    let graph = graph();
    for (name, may_use) in MAY_USE {
        let ours = graph[name].iter().filter(|used| used.starts_with("scopegate"));
        let wrong: Vec<_> = ours.filter(|used| !may_use.contains(&used.as_str())).collect();
        assert!(wrong.is_empty(), "{name} may not depend on {wrong:?}");
    }
    let libraries: BTreeSet<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let known = |name: &str| {
        libraries.contains(name)
            || matches!(
                name,
                "grpc-service"
                    | "hyper-service"
                    | "orders-api"
                    | "scopegate-benches"
                    | "scopegate-tests"
            )
    };
    for name in graph.keys() {
        assert!(known(name), "{name} has no place in the architecture yet: add it to MAY_USE");
    }
}

#[test]
fn forbidden_crates_are_not_reached_indirectly() {
    for (name, never) in NEVER_REACHES {
        let reached = reachable(name);
        for forbidden in never {
            assert!(!reached.contains(*forbidden), "{name} reaches {forbidden}");
        }
    }
}

#[test]
fn sql_and_cryptography_are_used_only_in_their_crates() {
    let graph = graph();
    for (library, users) in ONLY_USER {
        for (name, uses) in &graph {
            assert!(
                !uses.contains(library) || users.contains(&name.as_str()),
                "{name} uses {library}"
            );
        }
    }
}
