//! Commands with `--url`, which ask the management API instead of the store.

use crate::place::Place;

/// A place whose catalog is served, and an admin client `root` with the key `root.jwk.json`.
fn served() -> (Place, crate::place::Serving, String) {
    let place = Place::with_catalog();
    let client = ["clients", "create", "--id", "batch"];
    assert_eq!(place.run(&client).code, 0);
    let root = ["clients", "create", "--id", "root", "--admin", "--new-key", "root.jwk.json"];
    assert_eq!(place.run(&root).code, 0);
    let serving = place.serve(&[]);
    let url = format!("http://{}", serving.admin);
    (place, serving, url)
}

#[test]
fn a_question_has_the_same_answer_over_the_store_and_over_the_api() {
    let (place, _serving, url) = served();
    let remote = ["--url", &url, "--admin-client", "root", "--admin-key", "root.jwk.json"];
    for command in [
        &["who-can", "--scope", "read:orders"][..],
        &["who-can", "--scope", "read:orders", "--json"],
        &["can", "--client", "batch"],
        &["can", "--client", "batch", "--json"],
        &["audit", "list", "--kind", "catalog", "--json"],
        &["audit", "list", "--kind", "catalog", "--client", "batch"],
    ] {
        let (here, there) = (place.run(command), place.run(&[command, &remote].concat()));
        assert_eq!(here.code, 0, "{here:?}");
        assert_eq!(there.stdout, here.stdout, "{command:?} {there:?}");
    }
    let explain = ["explain", "--client", "batch", "--grant", "client_credentials", "--json"];
    let (here, there) = (place.run(&explain), place.run(&[&explain, &remote[..]].concat()));
    let json = |ended: &crate::place::Ended| -> serde_json::Value {
        serde_json::from_str(&ended.stdout).map_err(|_| ended).unwrap()
    };
    assert_eq!(json(&there)["outcome"], json(&here)["outcome"]);
    assert_eq!(json(&there)["rules"], json(&here)["rules"]);
}

#[test]
fn a_command_that_works_on_the_store_only_says_so() {
    let place = Place::with_catalog();
    for command in [&["users", "list"][..], &["keys", "list"], &["export"], &["serve"]] {
        let ended = place.run(&[command, &["--url", "http://127.0.0.1:1"]].concat());
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains("on the store only"), "{ended:?}");
    }
}

#[test]
fn the_api_is_asked_with_a_key_and_never_over_an_open_network() {
    let (place, _serving, url) = served();
    let ask = |more: &[&str]| place.run(&[&["who-can", "--scope", "read:orders"], more].concat());
    let refused = |more: &[&str], code: i32, text: &str| {
        let ended = ask(more);
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(ended.stderr.contains(text), "{ended:?}");
    };
    let key = ["--admin-client", "root", "--admin-key", "root.jwk.json"];
    refused(&["--url", &url], 2, "--admin-client");
    refused(&["--url", &url, "--admin-client", "root"], 2, "--admin-key");
    refused(&[&["--url", "http://example.com"], &key[..]].concat(), 2, "https");
    place.write("other.jwk.json", "{}");
    let other = ["--url", &url, "--admin-client", "root", "--admin-key", "other.jwk.json"];
    refused(&other, 2, "no private JWK");
    let unknown = ["--url", &url, "--admin-client", "batch", "--admin-key", "root.jwk.json"];
    refused(&unknown, 1, "gave no token: 401");
    let wrong = ["--url", &url, "--server", "none", "--admin-client", "root", "--admin-key"];
    refused(&[&wrong[..], &["root.jwk.json"]].concat(), 1, "404");
}
