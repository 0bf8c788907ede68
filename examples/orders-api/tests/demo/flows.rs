//! The scripts of `examples/flows`, run against a demo.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::Demo;

/// Scripts that the flows source.
const PARTS: [&str; 3] = ["demo.sh", "partner.sh", "user.sh"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../flows")
}

/// The scripts, by name.
fn flows() -> BTreeSet<String> {
    let entries = folder().read_dir().expect("there are flows");
    let names = entries.map(|entry| entry.expect("it can be read").file_name());
    let names = names.map(|name| name.into_string().expect("names are text"));
    names.filter(|name| name.ends_with(".sh") && !PARTS.contains(&name.as_str())).collect()
}

/// Runs a flow. Returns whether it succeeded, and its output.
fn run(flow: &str, issuer: &str, api: &str) -> (bool, String) {
    let mut command = Command::new("bash");
    command.arg(folder().join(flow)).env("ISSUER", issuer).env("API", api);
    let ended = command.stderr(Stdio::inherit()).output().expect("there is a shell");
    (ended.status.success(), String::from_utf8(ended.stdout).expect("it says text"))
}

#[test]
#[ignore = "run by scripts/test"]
fn each_flow_succeeds() {
    let demo = Demo::start();
    for flow in flows() {
        let (ended, said) = run(&flow, demo.issuer(), demo.api());
        assert!(ended, "{flow}: {said}");
    }
}

#[test]
#[ignore = "run by scripts/test"]
fn each_flow_fails_if_its_steps_are_refused() {
    let demo = Demo::start();
    let nowhere = demo.issuer().replace("/default", "/another");
    for flow in flows() {
        let (ended, said) = run(&flow, &nowhere, demo.api());
        assert!(!ended, "{flow}: {said}");
    }
}

#[test]
fn the_readme_lists_every_flow() {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("there is one");
    let flows = flows();
    assert!(flows.len() >= 12, "{flows:?}");
    for flow in flows {
        assert!(readme.contains(&format!("| [{flow}]({flow}) |")), "{flow}");
    }
}
