//! Bad input and failures: each prints one clear line and has the right exit code.

use std::net::TcpListener;

use crate::place::{CATALOG, Place};

const OTHER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The error output of a command that fails and prints no result.
#[track_caller]
fn refusal(place: &Place, code: i32, arguments: &[&str]) -> String {
    let ended = place.run(arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
    ended.stderr
}

fn config(content: &str) -> Place {
    let place = Place::new();
    place.write("scopegate.toml", content);
    place
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut place = Place::new();
    place.set("SCOPEGATE__LISTEN__PUBLIC", &address);
    assert_eq!(
        refusal(&place, 1, &["serve"]),
        format!(
            "scopegate: cannot listen on {address}: the port is taken; \
             stop what listens there, or choose another\n"
        ),
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn a_store_that_cannot_be_written() {
    let mut place = Place::new();
    place.write("file", "");
    place.set("SCOPEGATE__STORE__URL", "sqlite:file/scopegate.db");
    place.set("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:0");
    place.set("SCOPEGATE__LISTEN__ADMIN", "127.0.0.1:0");
    let refusal = refusal(&place, 1, &["serve"]);
    assert!(refusal.starts_with("scopegate: cannot write `"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
}

#[test]
fn a_master_key_of_another_store() {
    let mut place = Place::with_catalog();
    place.set("SCOPEGATE_MASTER_KEY", OTHER_KEY);
    assert_eq!(
        refusal(&place, 1, &["apply", "catalog.toml"]),
        "scopegate: the master key is not the one under which this storage was written: \
         give the right one, or start with an empty storage\n",
    );
}

#[test]
fn a_master_key_that_was_lost() {
    let place = Place::with_catalog();
    std::fs::remove_file(place.path().join("scopegate-data/master.key")).unwrap();
    assert_eq!(
        refusal(&place, 1, &["apply", "catalog.toml"]),
        "scopegate: the master key of this storage is missing: \
         put it back into scopegate-data/master.key, or set SCOPEGATE_MASTER_KEY\n",
    );
    assert!(!place.has("scopegate-data/master.key"));
}

#[test]
fn what_is_no_master_key() {
    let mut place = Place::with_catalog();
    place.write("scopegate-data/master.key", "hush\n");
    assert_eq!(
        refusal(&place, 1, &["apply", "catalog.toml"]),
        "scopegate: scopegate-data/master.key holds no master key: \
         it must be 32 random bytes in base64url, 43 characters\n",
    );
    place.set("SCOPEGATE_MASTER_KEY", "hush");
    assert_eq!(
        refusal(&place, 1, &["apply", "catalog.toml"]),
        "scopegate: SCOPEGATE_MASTER_KEY is no master key: \
         it must be 32 random bytes in base64url, 43 characters\n",
    );
}

#[test]
fn a_public_server_without_a_master_key() {
    let place = config(
        "base_url = 'https://id.example.com'\n\
         listen = { public = '127.0.0.1:0', admin = '127.0.0.1:0' }\n",
    );
    let refusal = refusal(&place, 1, &["serve"]);
    assert!(
        refusal.starts_with(
            "scopegate: there is no master key, and others can reach this server: \
             set SCOPEGATE_MASTER_KEY, or write one to scopegate-data/master.key; "
        ),
        "{refusal}"
    );
    assert!(!place.has("scopegate-data"));
}

#[test]
fn a_configuration_with_several_problems() {
    let mut place =
        config("base_url = 'http://id.example.com/'\n\nlisen.public = 1\n[log]\nlevel = 3\n");
    place.set("SCOPEGATE__STOR__URL", "sqlite:s.db");
    let refusal = refusal(&place, 2, &["serve"]);
    let lines: Vec<_> = refusal.lines().collect();
    assert!(lines[0].starts_with("scopegate.toml:1:12: "), "{refusal}");
    assert_eq!(
        lines[1..],
        [
            r#"scopegate.toml:3:1: unknown key "lisen": write "listen""#,
            r#"scopegate.toml:5:9: "log.level" must be a text in quotes, not an integer"#,
            r#"SCOPEGATE__STOR__URL: there is no such key: write "SCOPEGATE__STORE__URL""#,
        ],
    );
}

#[test]
fn a_configuration_file_that_does_not_exist() {
    let refusal = refusal(&Place::new(), 2, &["serve", "--config", "nowhere.toml"]);
    assert!(refusal.starts_with("nowhere.toml: cannot be read: "), "{refusal}");
}

#[test]
fn a_catalog_with_several_problems() {
    let place = Place::new();
    let content = CATALOG.replace("audiences", "audience").replace("\"10m\"", "\"1m\"");
    place.write("catalog.toml", &content);
    for command in ["apply", "validate"] {
        let refusal = refusal(&place, 2, &[command, "catalog.toml"]);
        assert_eq!(
            refusal.lines().collect::<Vec<_>>(),
            [
                r#"catalog.toml:7:1: unknown key "audience": write "audiences""#,
                r#"catalog.toml:22:25: "1m" is too short for an access token: write "5m" to "1d""#,
            ],
        );
    }
    assert!(!place.has("scopegate-data"));
}

#[test]
fn a_catalog_whose_secret_is_not_in_the_environment() {
    let place = Place::new();
    let client = "[[client]]\nid = 'batch'\nname = 'Batch'\ntype = 'service'\n\
                  auth = 'client_secret_basic'\nsecrets = [{ env = 'BATCH_SECRET' }]\n\
                  grant_types = ['client_credentials']\n";
    place.write("catalog.toml", &format!("{CATALOG}{client}"));
    let refusal = refusal(&place, 2, &["validate", "catalog.toml"]);
    assert!(refusal.contains("BATCH_SECRET"), "{refusal}");
}

#[test]
fn a_catalog_that_is_older_than_the_applied_one() {
    let place = Place::with_catalog();
    place.write("new.toml", &CATALOG.replace("version = 1", "version = 2"));
    assert_eq!(place.run(&["apply", "new.toml"]).code, 0);
    let older = "scopegate: the file has version 1, and version 2 was applied before: \
                 apply the newer file, or write a version from 2 up\n";
    assert_eq!(refusal(&place, 1, &["apply", "catalog.toml"]), older);
    assert_eq!(refusal(&place, 1, &["apply", "catalog.toml", "--dry-run"]), older);
}

#[test]
fn a_demonstration_that_others_could_reach() {
    let mut place = Place::new();
    place.write("demo.toml", &format!("demo = true\n{CATALOG}"));
    place.set("SCOPEGATE_MASTER_KEY", OTHER_KEY);
    assert_eq!(place.run(&["apply", "demo.toml"]).code, 0);
    place.set("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:0");
    place.set("SCOPEGATE__LISTEN__ADMIN", "127.0.0.1:0");
    place.set("SCOPEGATE__BASE_URL", "https://id.example.com");
    let store = "scopegate: this storage holds a demonstration, whose secrets everybody knows: it is \
                 refused unless the base URL and all listeners are loopback; start with an empty \
                 storage\n";
    assert_eq!(refusal(&place, 1, &["serve"]), store);

    place.set("SCOPEGATE__STORE__URL", "sqlite:other.db");
    place.set("SCOPEGATE__LOG__LEVEL", "warn");
    assert_eq!(
        refusal(&place, 1, &["serve", "--catalog", "demo.toml"]),
        "scopegate: demo.toml is a demonstration, whose secrets everybody knows: it is refused \
         unless the base URL and all listeners are loopback\n",
    );
}

#[test]
fn a_base_url_that_makes_an_audience_an_issuer() {
    let mut place = Place::new();
    let audience = "http://127.0.0.1:7777/oauth2/orders";
    place.write("catalog.toml", &CATALOG.replace("api://orders", audience));
    assert_eq!(place.run(&["apply", "catalog.toml"]).code, 0);
    assert_eq!(place.serve(&[]).end().code, 0);
    place.set("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:0");
    place.set("SCOPEGATE__LISTEN__ADMIN", "127.0.0.1:0");
    place.set("SCOPEGATE__LOG__LEVEL", "warn");
    place.set("SCOPEGATE__BASE_URL", "http://127.0.0.1:7777");
    assert_eq!(
        refusal(&place, 1, &["serve"]),
        format!(
            "scopegate: \"{audience}\" is an audience of the server \"default\" and an issuer under \
             the base URL: give the audience another name, or serve under another base URL\n"
        ),
    );

    // Another name in the catalog solves this.
    place.write("new.toml", CATALOG);
    assert_eq!(place.serve(&["--catalog", "new.toml"]).end().code, 0);
}

#[test]
fn a_command_that_does_not_exist() {
    let refusal = refusal(&Place::new(), 2, &["srve"]);
    assert!(refusal.contains("serve"), "{refusal}");
    assert_eq!(Place::new().run(&["exprt"]).code, 2);
}
