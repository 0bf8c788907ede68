//! `test`: the exit codes, the differences and the report.

use crate::place::Place;

const DEMO: &str = include_str!("../../../../examples/orders-api/catalog.toml");
const TESTS: &str = include_str!("../../../../examples/orders-api/catalog.tests.toml");

fn place() -> Place {
    let place = Place::new();
    place.write("catalog.toml", DEMO);
    place.write("catalog.tests.toml", TESTS);
    place
}

const WRONG: &str = r#"
[[test]]
name = "the reader may <write>"
client = "orders-reader"
grant_type = "client_credentials"
scopes = ["write:orders"]
expect = { scopes = ["write:orders"] }
"#;

#[test]
fn tests_run_against_a_catalog_file_without_a_store() {
    let place = place();
    let ended = place.run(&["test", "catalog.tests.toml", "--catalog", "catalog.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "10 passed, 0 failed\n"), "{ended:?}");
    assert!(!place.has("scopegate-data"), "no store is made");
}

#[test]
fn tests_run_against_the_store() {
    let place = place();
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let ended = place.run(&["test", "catalog.tests.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "10 passed, 0 failed\n"), "{ended:?}");
}

#[test]
fn a_test_that_fails_is_shown_with_its_place_and_in_the_report() {
    let place = place();
    place.write("wrong.toml", &format!("{TESTS}{WRONG}"));
    let arguments = ["test", "wrong.toml", "--catalog", "catalog.toml", "--junit", "report.xml"];
    let ended = place.run(&arguments);
    assert_eq!(ended.code, 1, "{ended:?}");
    let line = TESTS.lines().count() + 2;
    let shown = format!(
        "wrong.toml:{line}: failed: the reader may <write>\n  result\n    expected  a token\n    got       access_denied\n"
    );
    assert!(ended.stdout.starts_with(&shown), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("readers/read only: scopes wants read:orders, found write:orders")
    );
    assert!(ended.stdout.ends_with("10 passed, 1 failed\n"), "{}", ended.stdout);
    let report = place.read("report.xml");
    assert!(report.contains(r#"tests="11" skipped="0" failures="1" errors="0""#), "{report}");
    assert!(report.contains(r#"name="the reader may &lt;write&gt;""#), "{report}");
    assert!(
        report.contains(r#"message="result: expected a token, got access_denied""#),
        "{report}"
    );
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_place() {
    let place = place();
    place.write("bad.toml", "[[test]]\nnmae = 'a'\n");
    let ended = place.run(&["test", "bad.toml", "--catalog", "catalog.toml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("bad.toml:2:1: unknown key \"nmae\": write \"name\""),
        "{ended:?}"
    );
    assert_eq!(place.run(&["test"]).code, 2);
    assert_eq!(place.run(&["test", "catalog.tests.toml", "--since", "1d"]).code, 2);
    let missing = place.run(&["test", "catalog.tests.toml"]);
    assert_eq!(missing.code, 1, "there is no store: {missing:?}");
}

#[test]
fn tests_are_written_from_decisions_and_pass() {
    let place = place();
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    for scope in ["read:orders", "read:orders", "write:orders"] {
        place.run(&["token", "mint", "--client", "orders-reader", "--scope", scope]);
    }
    let ended = place.run(&["test", "--from-audit", "--since", "1h"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.stdout.matches("[[test]]").count(), 2, "{}", ended.stdout);
    place.write("recorded.toml", &ended.stdout);
    let ended = place.run(&["test", "recorded.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "2 passed, 0 failed\n"), "{ended:?}");
}
