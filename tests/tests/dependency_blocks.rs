//! The `[dependencies]` blocks of the documents: a reader pastes them with the examples below them.

#![expect(clippy::unwrap_used, reason = "a file that is missing fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Crates that need no line: the standard library, and paths inside of an example.
const BUILT_IN: [&str; 4] = ["std", "core", "self", "super"];

/// The README and the pages in `docs`.
fn documents() -> BTreeMap<PathBuf, String> {
    let pages = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let pages = pages.map(|entry| entry.unwrap().path());
    let documents = pages.chain([Path::new(ROOT).join("README.md")]);
    let documents = documents.filter(|path| path.extension().is_some_and(|end| end == "md"));
    documents.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The code blocks of a document whose language starts with this word.
fn blocks<'a>(document: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let code = document.split("```").skip(1).step_by(2);
    code.filter_map(move |block| Some(block.strip_prefix(language)?.split_once('\n')?.1))
}

/// The dependencies that a document lists, with their versions.
fn listed(document: &str) -> BTreeMap<String, String> {
    let blocks = blocks(document, "toml").filter(|block| block.contains("dependencies]"));
    let tables = blocks.flat_map(|block| block.parse::<Table>().unwrap());
    let lines = tables.flat_map(|(_, table)| table.as_table().unwrap().clone());
    lines.map(|(name, line)| (name, version_of(&line).unwrap().to_owned())).collect()
}

fn version_of(line: &Value) -> Option<&str> {
    line.as_str().or_else(|| line.get("version")?.as_str())
}

/// The part of a version that a compatible version shares: `1` of `1.54.1`, `0.8` of `0.8.9`.
fn compatible(version: &str) -> String {
    let parts: Vec<_> = version.trim_start_matches('=').split('.').collect();
    let significant = 1 + parts.iter().take_while(|part| **part == "0").count();
    parts[..significant].join(".")
}

/// The crates that the examples of a document use.
fn used(document: &str) -> Vec<&str> {
    let lines = blocks(document, "rust").flat_map(str::lines);
    let paths = lines.filter_map(|line| line.trim_start_matches("# ").strip_prefix("use "));
    let names = paths.map(|path| path.split("::").next().unwrap());
    names.filter(|name| !BUILT_IN.contains(name)).collect()
}

#[test]
fn listed_versions_are_those_of_the_workspace() {
    let workspace = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let workspace: Table = workspace.parse().unwrap();
    let ours = workspace["workspace"]["package"]["version"].as_str().unwrap();
    let theirs = &workspace["workspace"]["dependencies"];

    let mut lines = 0;
    for (path, document) in documents() {
        for (name, version) in listed(&document) {
            let wanted = theirs.get(&name).and_then(version_of);
            let wanted = if name.starts_with("scopegate") { Some(ours) } else { wanted };
            let wanted = wanted.unwrap_or_else(|| panic!("the workspace does not use {name}"));
            assert_eq!(version, compatible(wanted), "{name} in {}", path.display());
            lines += 1;
        }
    }
    assert!(lines > 20, "only {lines} dependencies were found");
}

#[test]
fn a_document_lists_each_crate_that_its_examples_use() {
    for (path, document) in documents() {
        let listed: Vec<_> =
            listed(&document).into_keys().map(|name| name.replace('-', "_")).collect();
        for name in used(&document) {
            assert!(listed.iter().any(|listed| listed == name), "{name} in {}", path.display());
        }
    }
}

#[test]
fn a_zero_before_the_first_number_counts() {
    let compatible = ["1.54.1", "0.8.9", "0.0.3", "=0.1.0"].map(compatible);
    assert_eq!(compatible, ["1", "0.8", "0.0.3", "0.1"]);
}
