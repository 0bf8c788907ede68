//! Changes that are asked for at a terminal.

use crate::place::{CATALOG, Ended, Place};

/// End of input, if it is the first character of a line.
const END_OF_INPUT: &str = "\u{4}";

/// Deletes everything that [`CATALOG`] has.
const EMPTY: &str = "version = 2\n";

fn exported(place: &Place) -> String {
    let ended = place.run(&["export"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout
}

/// A place with the catalog, and a file that deletes all of it.
fn place() -> Place {
    let place = Place::with_catalog();
    place.write("empty.toml", EMPTY);
    place
}

fn has_scope(place: &Place) -> bool {
    exported(place).contains("read:orders")
}

#[track_caller]
fn is_refused(ended: &Ended, why: &str) {
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains(why), "{ended:?}");
}

#[test]
fn apply_asks_at_a_terminal_before_it_deletes_more_than_it_keeps() {
    let place = place();
    for answer in ["no\n", "\n", "YES\n", "yes please\n", END_OF_INPUT] {
        let ended = place.run_at_terminal(&["apply", "empty.toml"], answer);
        is_refused(&ended, "nothing was changed");
        assert!(ended.stderr.contains("Type yes to go on:"), "{ended:?}");
        assert!(has_scope(&place), "{answer:?}");
    }
    let ended = place.run_at_terminal(&["apply", "empty.toml"], "yes\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("this deletes 4 entities and keeps 0"), "{ended:?}");
    assert!(!has_scope(&place));
}

#[test]
fn apply_does_not_ask_if_it_keeps_more_or_is_told_yes() {
    let place = place();
    place.write("catalog.toml", &CATALOG.replace("version = 1", "version = 2"));
    for arguments in [&["apply", "empty.toml", "--dry-run"][..], &["apply", "catalog.toml"]] {
        let ended = place.run_at_terminal(arguments, END_OF_INPUT);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(!ended.stderr.contains("Type yes"), "{ended:?}");
        assert!(has_scope(&place));
    }
    place.write("empty.toml", "version = 3\n");
    let ended = place.run_at_terminal(&["apply", "empty.toml", "--yes"], END_OF_INPUT);
    assert_eq!((ended.code, ended.stderr.contains("Type yes")), (0, false), "{ended:?}");
    assert!(!has_scope(&place));
}

#[test]
fn without_a_terminal_apply_refuses_unless_it_is_told_yes() {
    let place = place();
    for input in ["", "yes\n"] {
        let ended = place.run_with_input(&["apply", "empty.toml"], input);
        is_refused(&ended, "there is no terminal to ask at: nothing was changed, add --yes");
        assert!(has_scope(&place));
    }
    assert_eq!(place.run(&["apply", "empty.toml", "--yes"]).code, 0);
    assert!(!has_scope(&place));
}

#[test]
fn rollback_asks_at_a_terminal_and_refuses_without_one() {
    let place = place();
    assert_eq!(place.run(&["apply", "empty.toml", "--yes"]).code, 0);
    let rollback = ["catalog", "rollback", "1"];
    for answer in ["no\n", END_OF_INPUT] {
        is_refused(&place.run_at_terminal(&rollback, answer), "nothing was changed");
        assert!(!has_scope(&place), "{answer:?}");
    }
    is_refused(&place.run_with_input(&rollback, "yes\n"), "add --yes");
    assert!(!has_scope(&place));
    let ended = place.run_at_terminal(&rollback, "yes\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(has_scope(&place));
    let back = place.run(&["catalog", "rollback", "2", "--yes"]);
    assert_eq!((back.code, has_scope(&place)), (0, false), "{back:?}");
}
