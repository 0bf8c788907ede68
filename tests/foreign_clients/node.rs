//! Runs the tests in `node/`, which use `openid-client`, `jose` and Okta's verifier, with Node's
//! test runner.

use std::path::Path;
use std::process::Command;

use crate::running_server::RunningServer;

/// The minimum number of tests. It detects tests that were not run.
const AT_LEAST: u32 = 54;

/// Runs the tests of `node/` against a server.
async fn run(server: &RunningServer) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign_clients/node");
    assert!(folder.join("node_modules").exists(), "scripts/test installs what they need");
    let mut node = Command::new("node");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let tests = files.filter(|name| name.to_string_lossy().ends_with(".test.mjs"));
    node.args(["--test", "--test-reporter=tap"]).args(tests).current_dir(folder);
    node.env("BASE", server.base());
    if let Some(authority) = server.authority() {
        node.env("NODE_EXTRA_CA_CERTS", authority);
    }
    let ended = tokio::task::spawn_blocking(move || node.output()).await.unwrap();
    let ended = ended.expect("scripts/test installs Node");
    let said = String::from_utf8(ended.stdout).unwrap() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");

    let count = |what: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(what));
        line.expect("the runner counts").trim().parse::<u32>().unwrap()
    };
    assert!(count("# pass ") >= AT_LEAST, "{said}");
    assert_eq!((count("# skipped "), count("# todo ")), (0, 0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn clients_on_node_pass_over_http() {
    run(&RunningServer::over_http().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn clients_on_node_pass_over_https_with_a_private_authority() {
    run(&RunningServer::over_https().await).await;
}
