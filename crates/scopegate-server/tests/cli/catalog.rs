//! `export` and `catalog`.

use serde_json::Value;

use crate::place::{CATALOG, Place};

const NOTHING: &str = "0 to add, 0 to change, 0 to delete\n";

const CLIENT: &str = "
[[client]]
id = 'batch'
name = 'Batch'
auth = 'client_secret_basic'
secrets = [{ sha256 = '0000000000000000000000000000000000000000000000000000000000000000' }]
";

/// A store with three versions: a catalog, a client of it, and another lifetime.
fn three_versions() -> Place {
    let place = Place::with_catalog();
    let second = CATALOG.replace("version = 1", "version = 2") + CLIENT;
    place.write("catalog.toml", &second);
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    place
        .write("catalog.toml", &second.replace("version = 2", "version = 3").replace("10m", "20m"));
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    place
}

#[test]
fn an_export_is_applied_again_without_a_change_and_another_store_refuses_it() {
    let place = three_versions();
    let ended = place.run(&["export", "--out", "exported.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    let exported = place.read("exported.toml");
    assert!(exported.starts_with("version = 3\n") && exported.contains("kept = "), "{exported}");
    let ended = place.run(&["apply", "exported.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, NOTHING), "{ended:?}");
    // The secret still works: it is left as it is.
    let raised = exported.replace("version = 3", "version = 4").replace("20m", "30m");
    place.write("raised.toml", &raised);
    let ended = place.run(&["apply", "raised.toml"]);
    let plan = "~ rule default/readers/read only\n    access_token_lifetime: \"20m\" → \"30m\"\n0 to add, 1 to change, 0 to delete\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (0, plan), "{ended:?}");

    let other = Place::with_catalog();
    other.write("catalog.toml", &exported);
    let ended = other.run(&["apply", "catalog.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("the client \"batch\" has no secret"), "{ended:?}");
    // Without a store nobody knows.
    assert_eq!(other.run(&["validate", "catalog.toml"]).code, 0);
}

#[test]
fn files_of_several_owners_are_applied_side_by_side() {
    let place = Place::with_catalog();
    let client = format!("version = 1\n{CLIENT}");
    place.write("clients.toml", &client);
    let ended = place.run(&["apply", "clients.toml", "--owner", "clients"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = place.run(&["apply", "catalog.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, NOTHING), "{ended:?}");
    assert!(!place.run(&["export"]).stdout.contains("batch"));
    assert!(place.run(&["export", "--owner", "clients"]).stdout.contains("batch"));
    // Another owner must not take the client, unless it adopts it.
    let ended = place.run(&["apply", "clients.toml", "--owner", "others"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("owned by the catalog files of owner `clients`"), "{ended:?}");
    let ended = place.run(&["apply", "clients.toml", "--owner", "others", "--adopt"]);
    assert!(ended.stdout.starts_with("~ client batch\n    owner: "), "{ended:?}");
    assert!(place.run(&["export", "--owner", "others"]).stdout.contains("batch"));
    assert_eq!(place.run(&["apply", "clients.toml", "--owner", "api"]).code, 2);
}

#[test]
fn the_log_says_who_changed_what() {
    let place = three_versions();
    let ended = place.run(&["catalog", "log"]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{ended:?}");
    assert!(lines[0].starts_with("3  "), "{ended:?}");
    assert!(lines[0].contains("  file catalog.toml by "), "{ended:?}");
    assert!(lines[0].ends_with("  owner file, version 3 of the file  ~1"), "{ended:?}");
    let json = place.run(&["catalog", "log", "--json", "--limit", "2"]).stdout;
    let entries: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 2);
    let actor = &entries[1]["actor"];
    assert_eq!((&actor["type"], &actor["id"]), (&"file".into(), &"catalog.toml".into()));
    assert_eq!(entries[1]["outcome"], "allow");
    assert_eq!((&entries[1]["client"], &entries[1]["id"]), (&"batch".into(), &"2".into()));
    assert!(!json.contains("mac"), "{json}");
}

#[test]
fn earlier_versions_are_shown_and_compared() {
    let place = three_versions();
    let ended = place.run(&["catalog", "show", "1"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("10m") && !ended.stdout.contains("batch"), "{ended:?}");
    assert!(ended.stdout.starts_with("# Version 1 of the catalog, of all owners"), "{ended:?}");
    assert!(!ended.stdout.contains("\nversion = "), "{ended:?}");
    let ended = place.run(&["catalog", "diff", "2", "3"]);
    let difference = "~ rule default/readers/read only\n    access_token_lifetime: \"10m\" → \"20m\"\n\
                      0 to add, 1 to change, 0 to delete\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (0, difference), "{ended:?}");
    let ended = place.run(&["catalog", "show", "9"]);
    let unknown = "scopegate: there is no version 9 of the catalog: the newest is 3\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (1, unknown));
}

#[test]
fn a_rollback_needs_yes_is_a_new_version_and_enables_nobody() {
    let place = three_versions();
    place.write("catalog.toml", &CATALOG.replace("version = 1", "version = 4"));
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    let ended = place.run(&["catalog", "rollback", "3"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("add --yes"), "{ended:?}");
    assert_eq!(place.run(&["catalog", "log"]).stdout.lines().count(), 4);
    let ended = place.run(&["catalog", "rollback", "3", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("\"10m\" → \"20m\""), "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("no secret, no key of a client or an issuer and no signing key is restored"),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("client batch is created again, disabled"), "{ended:?}");
    assert_eq!(ended.stderr, "the catalog has version 5 now\n");
    assert!(place.run(&["export"]).stdout.contains("INACTIVE"));
    // The file of before does not undo the rollback by mistake.
    let ended = place.run(&["apply", "catalog.toml"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("rolled back"), "{ended:?}");
    let ended = place.run(&["catalog", "rollback", "3", "--reactivate", "batch", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!place.run(&["export"]).stdout.contains("INACTIVE"));
}

#[test]
fn an_admin_client_that_a_version_is_shown_without_is_named_in_a_comment() {
    let place = Place::with_catalog();
    let create = ["clients", "create", "--id", "root", "--admin", "--new-key", "root.jwk"];
    assert_eq!(place.run(&[&create[..], &["--as", "ann"]].concat()).code, 0);
    let ended = place.run(&["catalog", "show", "2"]);
    let comment = "\n# Left out: client root cannot be written in a catalog file: its admin has no form there.\n";
    assert!(ended.stdout.contains(comment), "{ended:?}");
    let log = place.run(&["catalog", "log", "--limit", "1"]).stdout;
    assert!(log.contains("  cli clients create by ann  owner api  +1"), "{log}");
    assert_eq!(place.run(&["catalog", "log", "--as", "a\nb"]).code, 2);
}

#[test]
fn a_rollback_shows_who_gains_access_and_leaves_what_others_own() {
    let place = three_versions();
    assert_eq!(place.run(&["clients", "create", "--id", "later"]).code, 0);
    let ended = place.run(&["catalog", "rollback", "1", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("access:\n    batch on default: loses read:orders\n"),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("client batch is deleted: its credentials"), "{ended:?}");
    let others = "\n1 changed entities belong to api and stay as they are: --owner api restores them instead";
    assert!(ended.stdout.contains(others), "{ended:?}");
    assert_eq!(place.run(&["clients", "show", "later"]).code, 0);
}
