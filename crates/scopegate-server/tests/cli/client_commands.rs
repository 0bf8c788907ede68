//! `clients list`, `show`, `disable`, `enable`, `delete` and `rotate-secret`.

use serde_json::{Value, json};

use crate::place::{CATALOG, Place, Serving, until};

const SECRET: &str = "a secret that was chosen, long enough for one";

fn place() -> Place {
    let place = Place::new();
    let client = "\n[[client]]\nid = 'of-file'\nname = 'Of a file'\ntype = 'service'\n\
                  auth = 'client_secret_basic'\nsecrets = [{ sha256 = 'HASH' }]\n\
                  grant_types = ['client_credentials']\n"
        .replace("HASH", &"ab".repeat(32));
    place.write("catalog.toml", &format!("{CATALOG}{client}"));
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    place
}

#[track_caller]
fn json_of(place: &Place, arguments: &[&str]) -> Value {
    let ended = place.run(arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn ids(listed: &Value) -> Vec<&str> {
    listed.as_array().unwrap().iter().map(|client| client["id"].as_str().unwrap()).collect()
}

async fn status(serving: &Serving, secret: &str) -> u16 {
    let answer = reqwest::Client::new()
        .post(format!("{}/oauth2/default/v1/token", serving.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .basic_auth("batch", Some(secret))
        .body("grant_type=client_credentials&scope=read%3Aorders")
        .send();
    answer.await.unwrap().status().as_u16()
}

/// Waits until the server has read a change of the catalog.
async fn becomes(serving: &Serving, secret: &str, wanted: u16) {
    until(async || status(serving, secret).await == wanted).await;
}

#[test]
fn clients_are_listed_in_the_order_of_their_ids_in_pages() {
    let place = place();
    for id in ["b", "a", "c"] {
        assert_eq!(place.run(&["clients", "create", "--id", id]).code, 0);
    }
    assert_eq!(place.run(&["clients", "disable", "b"]).code, 0);
    let list = |more: &[&str]| json_of(&place, &[&["clients", "list", "--json"], more].concat());
    assert_eq!(ids(&list(&[])), ["a", "b", "c", "of-file"]);
    assert_eq!(ids(&list(&["--limit", "2", "--after", "a"])), ["b", "c"]);
    assert_eq!(ids(&list(&["--status", "inactive"])), ["b"]);
    assert_eq!(ids(&list(&["--status", "ACTIVE", "--after", "b"])), ["c", "of-file"]);
    assert_eq!(list(&["--admin"]), json!([]));
    let text = place.run(&["clients", "list", "--limit", "1"]).stdout;
    let day = &text.split('\t').nth(6).unwrap();
    assert_eq!(text, format!("a\tACTIVE\tservice\tclient_secret_basic\tapi\tnever\t{day}\ta\n"));
}

#[test]
fn a_list_and_a_client_show_no_secret() {
    let place = place();
    let secret = place.run(&["clients", "create", "--id", "batch"]).stdout;
    for arguments in [
        &["clients", "list", "--json"][..],
        &["clients", "show", "batch", "--json"],
        &["clients", "show", "batch"],
        &["audit", "list", "--json"],
    ] {
        let shown = place.run(arguments).stdout;
        assert!(shown.contains("batch"), "{shown}");
        let has_mac = shown.replace("\"mac\":\"***\"", "").contains("mac");
        assert!(!shown.contains(secret.trim()) && !has_mac, "{shown}");
    }
    let shown = json_of(&place, &["clients", "show", "batch", "--json"]);
    let secrets = shown["secrets"].as_array().unwrap();
    assert_eq!((secrets.len(), &secrets[0]["accepted"]), (1, &json!(true)));
    assert_eq!((&shown["owner"], &shown["last_used_at"]), (&json!("api"), &Value::Null));
    assert_eq!(shown["created_at"], secrets[0]["created_at"]);
}

#[test]
fn old_secrets_and_unused_clients_are_found() {
    let place = place();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    let key = ["clients", "create", "--id", "with-key", "--new-key", "a.jwk"];
    assert_eq!(place.run(&key).code, 0);
    let list = |more: &[&str]| {
        let listed = json_of(&place, &[&["clients", "list", "--json"], more].concat());
        ids(&listed).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for age in ["--unused-for", "--secret-older-than"] {
        assert_eq!(list(&[age, "1d"]), [""; 0], "{age}");
    }
    assert_eq!(list(&["--secret-older-than", "0s"]), ["batch", "of-file"]);
    assert_eq!(list(&["--unused-for", "0s"]), ["batch", "of-file", "with-key"]);
    assert_eq!(place.run(&["clients", "list", "--unused-for", "90"]).code, 2);
}

#[tokio::test]
async fn a_client_is_disabled_enabled_rotated_and_deleted_while_a_server_runs() {
    let place = place();
    let create = ["clients", "create", "--id", "batch", "--secret-stdin", "--json"];
    let made = place.run_with_input(&create, &format!("{SECRET}\n"));
    assert_eq!(made.code, 0, "{made:?}");
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!((&made["id"], made.get("secret")), (&json!("batch"), None));
    let serving = place.serve(&[]);
    becomes(&serving, SECRET, 200).await;

    assert_eq!(place.run(&["clients", "disable", "batch"]).stderr, "disabled the client `batch`\n");
    becomes(&serving, SECRET, 401).await;
    let enabled = json_of(&place, &["clients", "enable", "batch", "--json"]);
    assert_eq!(enabled["status"], "ACTIVE");
    becomes(&serving, SECRET, 200).await;

    let rotate = ["clients", "rotate-secret", "batch"];
    let rotated = place.run(&rotate);
    let said = "the client `batch` has a new secret, shown this once; the old one ends 20";
    assert!(rotated.code == 0 && rotated.stderr.starts_with(said), "{rotated:?}");
    let second = rotated.stdout.trim();
    becomes(&serving, second, 200).await;
    assert_eq!(status(&serving, SECRET).await, 200, "both are accepted during the overlap");
    let rotated = json_of(&place, &[&rotate[..], &["--overlap", "0s", "--json"]].concat());
    becomes(&serving, rotated["secret"].as_str().unwrap(), 200).await;
    assert_eq!(status(&serving, second).await, 401);
    assert_eq!(status(&serving, SECRET).await, 401);

    let deleted = json_of(&place, &["clients", "delete", "batch", "--yes", "--json"]);
    assert_eq!(
        deleted,
        json!({ "id": "batch", "deleted": true, "ended_refresh_token_families": 0 })
    );
    becomes(&serving, rotated["secret"].as_str().unwrap(), 401).await;
    assert_eq!(serving.end().code, 0);
    let unknown = place.run(&["clients", "show", "batch"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (1, "scopegate: there is no client `batch`\n")
    );
}

#[tokio::test]
async fn the_last_use_of_a_client_is_known_once_the_server_has_ended() {
    let place = place();
    let create = ["clients", "create", "--id", "batch", "--secret-stdin"];
    assert_eq!(place.run_with_input(&create, SECRET).code, 0);
    let serving = place.serve(&[]);
    becomes(&serving, SECRET, 200).await;
    assert_eq!(serving.end().code, 0);
    let shown = json_of(&place, &["clients", "show", "batch", "--json"]);
    assert!(shown["last_used_at"].as_str().unwrap().starts_with("20"), "{shown}");
    let of_file = json_of(&place, &["clients", "show", "of-file", "--json"]);
    assert_eq!(of_file["last_used_at"], Value::Null);
}

#[test]
fn a_client_of_a_file_is_refused_with_what_to_do() {
    let place = place();
    for (command, start) in [
        (
            "delete",
            "the client `of-file` is owned by a catalog file (owner `file`), and `apply` would",
        ),
        (
            "rotate-secret",
            "the secrets of the client `of-file` are in its catalog file (owner `file`)",
        ),
    ] {
        let ended = place.run(&["clients", command, "of-file"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.starts_with(&format!("scopegate: {start}")), "{ended:?}");
        assert!(ended.stderr.contains("run `scopegate apply FILE`"), "{ended:?}");
        assert!(ended.stderr.contains("`scopegate clients disable of-file`"), "{ended:?}");
    }
    assert_eq!(json_of(&place, &["clients", "show", "of-file", "--json"])["status"], "ACTIVE");
}

#[test]
fn nothing_is_deleted_where_nobody_can_be_asked() {
    let place = place();
    assert_eq!(place.run(&["clients", "create", "--id", "batch"]).code, 0);
    let ended = place.run_with_input(&["clients", "delete", "batch"], "y\n");
    let line = "error: this cannot be undone: give --yes where nobody can be asked\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (2, line));
    assert_eq!(place.run(&["clients", "show", "batch"]).code, 0);
}

#[test]
fn a_secret_is_never_an_argument_and_never_short() {
    let mut place = place();
    place.set("SHORT", "short");
    place.set("GOOD", SECRET);
    let create = |more: &[&str]| place.run(&[&["clients", "create", "--id", "x"], more].concat());
    assert_eq!(create(&["--secret", SECRET]).code, 2);
    let short = create(&["--secret-env", "SHORT"]);
    let line = "the secret is too short: make one of 32 random characters or more\n";
    assert_eq!((short.code, short.stderr.as_str()), (2, line));
    assert_eq!(create(&["--secret-env", "MISSING"]).code, 2);
    assert_eq!(create(&["--secret-env", "GOOD", "--secret-stdin"]).code, 2);
    let both = create(&["--secret-env", "GOOD", "--new-key", "k"]);
    assert_eq!(both.stderr, "error: a client with a key has no secret: leave the secret out\n");
    place.write("secret.txt", &format!("{SECRET}\r\n"));
    let made = create(&["--secret-file", "secret.txt"]);
    assert_eq!((made.code, made.stdout.as_str()), (0, ""), "{made:?}");
    assert!(!made.stderr.contains(SECRET));
    // The same secret again is no new one.
    let again = place.run(&["clients", "rotate-secret", "x", "--secret-env", "GOOD"]);
    assert_eq!(again.code, 0, "{again:?}");
    let shown = json_of(&place, &["clients", "show", "x", "--json"]);
    assert_eq!(shown["secrets"].as_array().unwrap().len(), 1);
}

#[test]
fn commands_about_clients_make_no_store() {
    let place = Place::new();
    for arguments in [
        &["clients", "list"][..],
        &["clients", "show", "a"],
        &["clients", "delete", "a", "--yes"],
        &["clients", "rotate-secret", "a"],
        &["audit", "list"],
        &["users", "sessions", "a"],
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.starts_with("scopegate: there is no store at "), "{ended:?}");
    }
    assert!(!place.has("scopegate-data"));
}

#[test]
fn a_client_of_a_file_is_stopped_by_a_hold_that_every_command_shows() {
    let place = place();
    let disabled = place.run(&["clients", "disable", "of-file"]);
    assert_eq!(disabled.code, 0, "{disabled:?}");
    assert!(
        disabled.stderr.contains("`scopegate clients enable of-file` lifts the hold"),
        "{disabled:?}"
    );
    // Applying the file again does not lift it.
    let applied = place.run(&["apply", "catalog.toml"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let list = ["clients", "list", "--json"];
    let listed = &json_of(&place, &list)[0];
    assert_eq!((&listed["status"], &listed["on_hold"]), (&json!("INACTIVE"), &json!(true)));
    assert!(place.run(&["clients", "list"]).stdout.contains("\tINACTIVE (hold)\t"));
    assert!(
        place
            .run(&["clients", "show", "of-file"])
            .stdout
            .contains("on hold; `scopegate clients enable of-file`")
    );
    let planned = place.run(&["plan", "catalog.toml"]);
    assert!(planned.stdout.contains("client of-file is on hold and stays so: "), "{planned:?}");
    let planned = json_of(&place, &["plan", "catalog.toml", "--json"]);
    assert_eq!((&planned["changes"], &planned["on_hold"]), (&json!([]), &json!(["of-file"])));
    let scope = ["--scope", "read:orders"];
    let found = place.run(&[&["who-can"], &scope[..]].concat());
    assert!(found.stderr.contains("client of-file is on hold and gets nothing: "), "{found:?}");
    let explain =
        ["explain", "--server", "default", "--client", "of-file", "--grant", "client_credentials"];
    let explained = place.run(&[&explain[..], &scope].concat());
    assert!(
        explained.stdout.contains("lift the hold: `scopegate clients enable of-file`"),
        "{explained:?}"
    );

    let enabled = place.run(&["clients", "enable", "of-file"]);
    assert_eq!((enabled.code, enabled.stderr.as_str()), (0, "enabled the client `of-file`\n"));
    assert_eq!(json_of(&place, &list)[0]["on_hold"], json!(false));
}
