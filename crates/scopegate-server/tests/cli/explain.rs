//! `scopegate explain`.

use serde_json::Value;

use crate::place::Place;

fn place_with_client() -> Place {
    let place = Place::with_catalog();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    place
}

#[test]
fn a_described_request_is_explained_whatever_the_outcome() {
    let place = place_with_client();
    let explain = |more: &[&str]| {
        let fixed = ["explain", "--client", "batch", "--grant", "client_credentials"];
        place.run(&[&fixed, more].concat())
    };
    let granted = explain(&["--scope", "read:orders"]);
    assert_eq!(granted.code, 0, "{granted:?}");
    assert!(granted.stdout.starts_with("ALLOWED by the rule `"), "{granted:?}");
    let refused = explain(&["--scope", "read:order"]);
    assert_eq!(refused.code, 0, "{refused:?}");
    assert!(refused.stdout.contains("\n  - ask for `read:orders` instead of"), "{refused:?}");
    let json = explain(&["--scope", "read:order", "--at", "2026-11-30T09:00:00Z", "--json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["outcome"], &json["error"]), (&"malformed".into(), &"invalid_scope".into()));
}

#[test]
fn what_cannot_be_explained_is_a_failure_and_wrong_arguments_are_a_mistake() {
    let place = place_with_client();
    let unknown = "01a3185c-5000-7000-8000-000000000000";
    for (code, arguments, message) in [
        (1, &["explain", unknown][..], "there is no decision 01a3185c"),
        (
            1,
            &["explain", "--client", "batch", "--grant", "authorization_code"],
            "name one with --user",
        ),
        (2, &["explain", "--client", "batch"], "--grant"),
        (2, &["explain", "42"], "write the id of a decision"),
        (2, &["explain", unknown, "--client", "batch"], "cannot be used with"),
        (
            2,
            &["explain", "--client", "a", "--grant", "b", "--at", "now"],
            "write a time with its offset",
        ),
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
}
