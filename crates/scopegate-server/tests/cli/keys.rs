//! `keys`: what an administrator orders beside a running server.

use serde_json::Value;

use crate::place::{CATALOG, Ended, Place, Serving, until};

/// 32 bytes in base64url.
const NEW_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[track_caller]
fn succeeds(place: &Place, arguments: &[&str]) -> Ended {
    let ended = place.run(arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended
}

/// The keys of the default server, as `keys list` shows them.
fn listed(place: &Place) -> Vec<Value> {
    let shown = succeeds(place, &["keys", "list", "--server", "default", "--json"]).stdout;
    serde_json::from_str(&shown).unwrap()
}

fn kid_of(keys: &[Value], phase: &str) -> String {
    let key = keys.iter().find(|key| key["phase"] == phase).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

/// The seconds since 1970 of a time in RFC 3339.
fn seconds(time: &Value) -> u64 {
    let text = time.as_str().unwrap();
    assert!(text.ends_with('Z') && text.len() == "2027-01-31T00:00:00Z".len(), "{text}");
    scopegate_core::explain::parse_time(text).unwrap().as_seconds()
}

/// The ids of the keys that a server publishes.
async fn published(serving: &Serving) -> Vec<String> {
    let answer = reqwest::get(format!("{}/oauth2/default/v1/keys", serving.base)).await.unwrap();
    let set: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Waits until a server publishes these keys.
async fn publishes(serving: &Serving, wanted: impl Fn(&[String]) -> bool) {
    until(async || wanted(&published(serving).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_follows_a_rotation_and_a_revocation() {
    let place = Place::with_catalog();
    let serving = place.serve(&[]);
    let old = kid_of(&listed(&place), "signing");
    let rotated = succeeds(&place, &["keys", "rotate", "--server", "default"]);
    let keys = listed(&place);
    let next = kid_of(&keys, "announced");
    assert!(rotated.stderr.contains(&next), "{rotated:?}");
    assert!(rotated.stderr.contains(" minutes") || rotated.stderr.contains("in 1 hour"));
    let again = succeeds(&place, &["keys", "rotate", "--server", "default"]);
    assert!(again.stderr.contains("was announced before"), "{again:?}");
    publishes(&serving, |kids| kids.contains(&old) && kids.contains(&next)).await;

    let unconfirmed = place.run(&["keys", "revoke", &old]);
    assert_eq!(unconfirmed.code, 2, "{unconfirmed:?}");
    assert!(unconfirmed.stderr.contains("--yes"), "{unconfirmed:?}");
    let revoked = succeeds(&place, &["keys", "revoke", &old, "--yes"]);
    for said in
        [&*next, "signs from now on", "at most 10 minutes", "for 10 minutes more", "24 hours"]
    {
        assert!(revoked.stderr.contains(said), "{said}: {revoked:?}");
    }
    publishes(&serving, |kids| *kids == [next.clone()]).await;
    assert_eq!(kid_of(&listed(&place), "signing"), next);
    let gone = place.run(&["keys", "revoke", &old, "--yes"]);
    assert_eq!((gone.code, gone.stderr.contains("there is no key")), (1, true), "{gone:?}");
    assert_eq!(serving.end().code, 0);
}

#[test]
fn the_list_has_the_names_that_other_tools_rely_on() {
    let place = Place::with_catalog();
    drop(place.serve(&[]));
    let keys = listed(&place);
    let mut names: Vec<_> = keys[0].as_object().unwrap().keys().collect();
    names.sort();
    let known = "algorithm created drops_at held_in kid phase retires_at server signs_from";
    assert_eq!(names, known.split(' ').collect::<Vec<_>>());
    assert_eq!(keys[0]["held_in"], Value::Null, "the store has the key itself");
    assert_eq!((keys.len(), &keys[0]["algorithm"]), (1, &Value::from("ES256")));
    let created = seconds(&keys[0]["created"]);
    assert_eq!(seconds(&keys[0]["signs_from"]), created);
    // 90 days, and up to a tenth less, so that not all servers change their keys at once.
    let signs_for = seconds(&keys[0]["retires_at"]) - created;
    assert!((81 * 86_400..=90 * 86_400).contains(&signs_for), "{signs_for}");
    let shown = succeeds(&place, &["keys", "list"]).stdout;
    assert!(shown.lines().count() >= 2 && shown.contains("\tsigning\tretires "), "{shown}");
    for (arguments, said) in [
        (
            &["keys", "list", "--server", "nowhere"][..],
            "there is no authorization server `nowhere`",
        ),
        (
            &["keys", "rotate", "--server", "default", "--algorithm", "RS256"],
            "does not sign with RS256",
        ),
    ] {
        let refused = place.run(arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_schedule_is_published_with_a_short_lifetime() {
    let place = Place::new();
    let keys = "algorithms = [\"ES256\"]\n[server.keys]\nevery = \"60s\"\nannounce = \"45s\"";
    place.write("catalog.toml", &CATALOG.replace("algorithms = [\"ES256\"]", keys));
    let serving = place.serve(&["--catalog", "catalog.toml"]);
    let answer = reqwest::get(format!("{}/oauth2/default/v1/keys", serving.base)).await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "public, max-age=35");
    let listed = listed(&place);
    let at = |name: &str| seconds(&listed[0][name]);
    assert_eq!(at("retires_at"), at("signs_from") + 60);
    assert_eq!(at("drops_at"), at("retires_at") + 600 + 100, "tokens live for 10 minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_takes_over_while_a_server_runs() {
    let mut place = Place::with_catalog();
    place.write("new.key", NEW_KEY);
    make_private(&place, "new.key");
    // The server has both keys.
    place.set("SCOPEGATE__PREVIOUS_MASTER_KEY_FILE", "new.key");
    let serving = place.serve(&[]);
    let before = published(&serving).await;
    let rewrapped = succeeds(&place, &["keys", "rewrap", "--yes", "--new-master-key", "new.key"]);
    assert!(rewrapped.stderr.contains("Nothing is left under the old master key"), "{rewrapped:?}");
    assert!(rewrapped.stderr.contains("leaked together"), "{rewrapped:?}");
    assert_eq!(published(&serving).await, before);
    succeeds(&place, &["keys", "rotate", "--server", "default"]);
    publishes(&serving, |kids| kids.len() == 2).await;
    assert_eq!(serving.end().code, 0);

    // The old key alone no longer opens the store, and the new one alone does.
    let old = place.read("scopegate-data/master.key");
    let mut alone = Place::in_folder(place.path().to_str().unwrap());
    let refused = alone.run(&["keys", "list"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("the master key is not the one"), "{refused:?}");
    alone.set("SCOPEGATE_MASTER_KEY", NEW_KEY);
    let serving = alone.serve(&[]);
    let log = serving.end();
    assert!(!log.stderr.contains("does not open"), "{log:?}");
    assert!(
        !log.stderr.contains(NEW_KEY) && !log.stderr.contains(old.trim()),
        "no secret is logged"
    );
}

#[test]
fn a_new_master_key_is_read_from_a_file_or_a_variable() {
    let mut place = Place::with_catalog();
    for (arguments, code, said) in [
        (&["keys", "rewrap"][..], 2, "--new-master-key"),
        (&["keys", "rewrap", "--new-master-key", "no.key"], 1, "there is no file no.key"),
        (&["keys", "rewrap", "--new-master-key-env", "NO_KEY"], 1, "NO_KEY is not set"),
    ] {
        let refused = place.run(arguments);
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    place.set("BAD", "hush");
    let refused = place.run(&["keys", "rewrap", "--new-master-key-env", "BAD"]);
    assert!(refused.stderr.contains("BAD holds no master key"), "{refused:?}");
    assert!(!refused.stderr.contains("hush"), "{refused:?}");
    place.set("NEW", NEW_KEY);
    let done = place.run(&["keys", "rewrap", "--yes", "--new-master-key-env", "NEW"]);
    assert_eq!(done.code, 0, "{done:?}");
    // It can be run again although only the old key is in its place.
    let again = place.run(&["keys", "rewrap", "--yes", "--new-master-key-env", "NEW"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stderr.contains("this is the master key of the store"), "{again:?}");
}

fn make_private(place: &Place, name: &str) {
    use std::os::unix::fs::PermissionsExt;

    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path().join(name), private).unwrap();
}
