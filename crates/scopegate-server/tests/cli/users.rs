//! `users`: what an administrator changes, as a server on the same store sees it.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use scopegate_core::store::{Directory, UserKey};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use serde_json::Value;

use crate::place::{Place, Serving};

const PASSWORD: &str = "correct horse battery";

/// A browser that fills in the sign-in form.
struct Browser<'a> {
    serving: &'a Serving,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn new(serving: &'a Serving) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { serving, http, cookies: BTreeMap::new() }
    }

    async fn ask(&mut self, request: reqwest::RequestBuilder) -> (StatusCode, String, String) {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let line = pairs.collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", line).send().await.unwrap();
        for line in answer.headers().get_all("set-cookie") {
            let (name, value) = line.to_str().unwrap().split_once('=').unwrap();
            let value = value.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location");
        let location = location.map_or("", |line| line.to_str().unwrap()).to_owned();
        (answer.status(), location, answer.text().await.unwrap())
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String, String) {
        self.ask(self.http.get(format!("{}{path}", self.serving.base))).await
    }

    async fn signs_in(&mut self, login: &str, password: &str) -> bool {
        let held = self.cookies.remove("scopegate");
        let (_, location, _) = self.get("/account").await;
        self.cookies.extend(held.map(|value| ("scopegate".to_owned(), value)));
        let request = location.split_once("request=").unwrap().1;
        let fields = [("request", request), ("username", login), ("password", password)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let post = self.http.post(format!("{}/signin", self.serving.base));
        let post = post.header("content-type", "application/x-www-form-urlencoded").body(form);
        self.ask(post).await.0 == StatusCode::SEE_OTHER
    }

    async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.0 == StatusCode::OK
    }
}

#[track_caller]
fn succeeds(place: &Place, arguments: &[&str], input: &str) -> String {
    let ended = place.run_with_input(arguments, input);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout
}

#[test]
fn of_concurrent_commands_that_make_the_same_user_one_succeeds_and_the_others_say_why() {
    let place = Place::with_catalog();
    let create = |login: &'static str| {
        let place = &place;
        move || place.run(&["users", "create", "--login", login])
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let racing = ["carol", "Carol", "CAROL", "carol"].map(|login| scope.spawn(create(login)));
        racing.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|ended| ended.code == 0);
    assert_eq!(made.len(), 1, "{ended:?}");
    for refused in refused {
        assert_eq!(refused.code, 1, "{refused:?}");
        let said = refused.stderr.to_lowercase();
        assert!(said.contains("there is a user `carol` already"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_suspended_user_is_signed_out_everywhere() {
    let place = Place::with_catalog();
    let create = ["users", "create", "--login", "alice", "--password-stdin"];
    assert!(succeeds(&place, &create, PASSWORD).starts_with("00u"));
    let serving = place.serve(&[]);
    let (mut phone, mut desk) = (Browser::new(&serving), Browser::new(&serving));
    assert!(phone.signs_in("alice", PASSWORD).await && desk.signs_in("alice", PASSWORD).await);
    assert!(!phone.signs_in("alice", "wrong password").await);
    assert!(phone.is_signed_in().await && desk.is_signed_in().await);

    succeeds(&place, &["users", "suspend", "alice"], "");
    assert!(!phone.is_signed_in().await && !desk.is_signed_in().await);
    assert!(!desk.signs_in("alice", PASSWORD).await);

    succeeds(&place, &["users", "activate", "alice"], "");
    assert!(!phone.is_signed_in().await, "the session from before has ended");
    assert!(desk.signs_in("alice", PASSWORD).await);

    succeeds(&place, &["users", "set-password", "alice"], "another password\n");
    assert!(!desk.is_signed_in().await);
    assert!(!desk.signs_in("alice", PASSWORD).await);
    assert!(desk.signs_in("alice", "another password").await);
    assert_eq!(serving.end().code, 0);
}

#[tokio::test]
async fn a_user_from_a_catalog_file_is_never_overwritten() {
    let place = Place::new();
    let hash = succeeds(&place, &["users", "hash"], &format!("{PASSWORD}\n"));
    let file = |version: u32, groups: &str| {
        format!(
            "version = {version}\n[[user]]\nlogin = 'alice'\ngroups = [{groups}]\n\
             password = {{ hash = '{}' }}\n",
            hash.trim()
        )
    };
    place.write("catalog.toml", &file(1, "'staff'"));
    let plan = succeeds(&place, &["apply", "catalog.toml"], "");
    assert_eq!(plan, "+ user alice\n1 to add, 0 to change, 0 to delete\n");

    succeeds(&place, &["users", "groups", "alice", "--add", "managers"], "");
    succeeds(&place, &["users", "set-password", "alice"], "another password");
    place.write("catalog.toml", &file(2, "'guests'"));
    let plan = succeeds(&place, &["apply", "catalog.toml"], "");
    assert_eq!(plan, "0 to add, 0 to change, 0 to delete\n");
    assert_eq!(succeeds(&place, &["users", "groups", "alice"], ""), "managers\nstaff\n");

    let serving = place.serve(&["--catalog", "catalog.toml"]);
    let mut browser = Browser::new(&serving);
    assert!(!browser.signs_in("alice", PASSWORD).await);
    assert!(browser.signs_in("alice", "another password").await);
    assert_eq!(serving.end().code, 0);
}

#[test]
fn a_password_is_never_an_argument() {
    let place = Place::with_catalog();
    for arguments in [
        &["users", "create", "--login", "alice", "--password", PASSWORD][..],
        &["users", "create", "--login", "alice", "--password-stdin", PASSWORD],
        &["users", "set-password", "alice", PASSWORD],
        &["users", "hash", PASSWORD],
    ] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
    }
    assert_eq!(succeeds(&place, &["users", "list"], ""), "");
}

#[test]
fn a_password_is_long_enough_and_not_too_long() {
    let place = Place::new();
    let refused = |input: &str| {
        let ended = place.run_with_input(&["users", "hash"], input);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        ended.stderr
    };
    assert_eq!(refused("seven77\n"), "the password: a password has at least 8 characters\n");
    assert_eq!(refused(""), "the password: a password has at least 8 characters\n");
    assert_eq!(refused(&"x".repeat(1025)), "the password: a password has at most 1024 bytes\n");
    succeeds(&place, &["users", "hash"], &format!("{}\r\n", "x".repeat(1024)));
}

#[test]
fn users_are_made_shown_and_listed() {
    let place = Place::with_catalog();
    let id = succeeds(
        &place,
        &[
            "users",
            "create",
            "--login",
            "Bob",
            "--group",
            "staff",
            "--group",
            "managers",
            "--profile",
            "name=Bob",
            "--profile",
            "email_verified=true",
        ],
        "",
    );
    succeeds(&place, &["users", "create", "--login", "alice"], "");
    succeeds(&place, &["users", "suspend", "alice"], "");

    let list = succeeds(&place, &["users", "list"], "");
    assert_eq!(list, "alice\tINACTIVE\t\nBob\tACTIVE\tmanagers, staff\n");
    let list = succeeds(&place, &["users", "list", "--group", "staff"], "");
    assert_eq!(list, "Bob\tACTIVE\tmanagers, staff\n");

    let shown: Value =
        serde_json::from_str(&succeeds(&place, &["users", "show", "bob"], "")).unwrap();
    let expected = serde_json::json!({
        "id": id.trim(), "login": "Bob", "status": "ACTIVE", "groups": ["managers", "staff"],
        "profile": { "name": "Bob", "email_verified": true }, "has_password": false,
        "owner": "api", "created_at": shown["created_at"], "updated_at": shown["created_at"],
    });
    assert_eq!(shown, expected);
    let groups = ["users", "groups", "bob", "--remove", "staff", "--add", "guests"];
    assert_eq!(succeeds(&place, &groups, ""), "guests\nmanagers\n");
}

#[test]
fn a_command_that_fails_says_why_in_one_line() {
    let place = Place::with_catalog();
    succeeds(&place, &["users", "create", "--login", "alice"], "");
    for (arguments, line) in [
        (&["users", "create", "--login", "ALICE"][..], "there is a user `ALICE` already"),
        (&["users", "show", "carol"], "there is no user `carol`"),
        (&["users", "suspend", "carol"], "there is no user `carol`"),
        (&["users", "set-password", "carol"], "there is no user `carol`"),
        (&["users", "groups", "carol", "--add", "staff"], "there is no user `carol`"),
    ] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert_eq!(ended.stderr, format!("scopegate: {line}\n"));
    }
    for arguments in [
        &["users", "create", "--login", " alice"][..],
        &["users", "create", "--login", "x", "--profile", "name"],
        &["users", "create", "--login", "x", "--profile", "sub=00u1"],
        &["users", "create", "--login", "x", "--group", ""],
    ] {
        assert_eq!(place.run(arguments).code, 2, "{arguments:?}");
    }
}

/// The hash of `password` with other cost parameters than ours, from the tests of the reference
/// implementation.
const COSTLY: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                      $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

#[tokio::test]
async fn a_hash_of_another_cost_is_renewed_at_sign_in() {
    let place = Place::new();
    place.write(
        "catalog.toml",
        &format!("version = 1\n[[user]]\nlogin = 'alice'\npassword = {{ hash = '{COSTLY}' }}\n"),
    );
    succeeds(&place, &["apply", "catalog.toml"], "");
    let url = StoreUrl::sqlite(place.path().join("scopegate-data/scopegate.db"));
    let stored = async || {
        let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
        let alice = store.user(UserKey::Login("alice")).await.unwrap().unwrap();
        let sealed = store.password(&alice.id).await.unwrap().unwrap();
        store.close().await;
        sealed
    };
    let before = stored().await;
    let serving = place.serve(&[]);
    let mut browser = Browser::new(&serving);
    assert!(!browser.signs_in("alice", "Password").await);
    assert_eq!(stored().await, before, "a wrong password renews nothing");

    assert!(browser.signs_in("alice", "password").await);
    let renewed = stored().await;
    assert_ne!(renewed.sealed, before.sealed);
    assert_eq!(renewed.generation, before.generation, "it is the same password");
    assert!(browser.signs_in("alice", "password").await, "the new hash is of the same password");
    assert!(!browser.signs_in("alice", "Password").await);
    assert_eq!(stored().await, renewed, "once is enough");
    assert_eq!(serving.end().code, 0);
}
