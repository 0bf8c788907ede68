//! `apply` and `validate`.

use crate::place::{CATALOG, Place};

const PLAN: &str = "\
+ server default
+ scope default/read:orders
+ policy default/readers
+ rule default/readers/read only
4 to add, 0 to change, 0 to delete
";

#[test]
fn a_dry_run_changes_nothing_and_makes_no_store() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    let ended = place.run(&["apply", "catalog.toml", "--dry-run"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, PLAN), "{ended:?}");
    assert!(!place.has("scopegate-data"));
}

#[test]
fn applying_the_same_file_again_changes_nothing() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    let first = place.run(&["apply", "catalog.toml"]);
    assert_eq!((first.code, first.stdout.as_str()), (0, PLAN), "{first:?}");
    for arguments in [&["apply", "catalog.toml"][..], &["apply", "catalog.toml", "--dry-run"]] {
        let again = place.run(arguments);
        let nothing = "0 to add, 0 to change, 0 to delete\n";
        assert_eq!((again.code, again.stdout.as_str()), (0, nothing), "{again:?}");
    }
}

#[test]
fn a_client_of_the_api_is_kept_and_policies_may_name_it() {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    place.write("catalog.toml", &CATALOG.replace(r#"["*"]"#, r#"["batch"]"#));
    let ended = place.run(&["apply", "catalog.toml"]);
    let plan = "~ policy default/readers (clients)\n0 to add, 1 to change, 0 to delete\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (0, plan), "{ended:?}");
    let scope = "read:orders";
    assert_eq!(place.run(&["token", "mint", "--client", "batch", "--scope", scope]).code, 0);
}

#[test]
fn valid_files_are_reported_as_right() {
    let place = Place::new();
    place.write("catalog.toml", CATALOG);
    place.write("scopegate.toml", "[listen]\npublic = '127.0.0.1:9000'\n");
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (0, "scopegate.toml: right\ncatalog.toml: right\n")
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn the_problems_of_both_files_are_listed() {
    let place = Place::new();
    place.write("catalog.toml", "versoin = 1\n");
    place.write("scopegate.toml", "lisen = 1\n");
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("scopegate.toml:1:1: "), "{ended:?}");
    assert!(ended.stderr.contains("catalog.toml:1:1: "), "{ended:?}");
}

#[test]
fn validate_warns_of_users_in_a_rule_for_clients_and_accepts_the_file() {
    let place = Place::new();
    let staff = format!("{CATALOG}groups = [\"staff\"]\n");
    place.write("catalog.toml", &staff);
    let ended = place.run(&["validate", "catalog.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let line = staff.lines().count();
    let warning =
        format!("catalog.toml:{line}:10: warning: groups do not matter to client_credentials: ");
    assert!(lines[0].starts_with(&warning), "{ended:?}");
    assert_eq!(lines[1..], ["catalog.toml: right"]);
}
