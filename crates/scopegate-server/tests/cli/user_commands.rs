//! `users edit`, `delete`, `sessions`, `end-sessions`, by login or id.

use std::time::Duration;

use scopegate_claims::{Audience, Clock, ScopeSet, SystemClock};
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::directory::{Authentication, SessionId};
use scopegate_core::store::{
    Change, Directory, Family, FamilyBody, FamilyId, Ledger, Session, UserKey,
};
use scopegate_jose::sha256;
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};
use serde_json::{Value, json};

use crate::place::{CATALOG, Place};

#[track_caller]
fn succeeds(place: &Place, arguments: &[&str]) -> String {
    let ended = place.run(arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout
}

#[track_caller]
fn json_of(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(place, arguments)).unwrap()
}

fn place_with_alice() -> Place {
    let place = Place::with_catalog();
    let create = ["users", "create", "--login", "alice", "--profile", "name=Alice"];
    succeeds(&place, &create);
    place
}

/// Signs alice in, as a server would: a session, and a family that began in it.
async fn sign_in(place: &Place, name: &str) {
    let url = StoreUrl::sqlite(place.path().join("scopegate-data/scopegate.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let user = store.user(UserKey::Login("alice")).await.unwrap().unwrap().id;
    let (id, now) = (SessionId::stored(format!("ses{name}")), SystemClock.now());
    let hour = now.plus(Duration::from_secs(3600));
    let session = Session {
        id: id.clone(),
        secret_sha256: sha256(name.as_bytes()),
        user: user.clone(),
        auth: Authentication {
            at: now,
            acr: "urn:okta:loa:1fa:pwd".into(),
            amr: vec!["pwd".into()],
            session: Some(id.clone()),
        },
        created_at: now,
        seen_at: now,
        idle_ends_at: hour,
        ends_at: hour,
        version: 0,
    };
    let family = Family {
        id: FamilyId::generate(),
        server: ServerId::default_server(),
        client: ClientId::parse("portal").unwrap(),
        user,
        session: Some(id),
        generation: 0,
        rotated_at: now,
        idle_ends_at: hour,
        ends_at: hour,
        revoked: false,
        forget_at: hour,
        body: FamilyBody {
            grant_type: "authorization_code".into(),
            scopes: ScopeSet::parse("read:orders").unwrap(),
            audience: Audience::parse("api://orders").unwrap(),
            auth: None,
            resources: vec![],
            userinfo_claims: vec![],
            id_token_claims: vec![],
            began_at: now,
        },
    };
    let changes = [Change::OpenSession(Box::new(session)), Change::OpenFamily(Box::new(family))];
    store.commit(&changes).await.unwrap();
    store.close().await;
}

/// The numbers of sessions and of families.
fn open(place: &Place) -> (usize, usize) {
    let shown = json_of(place, &["users", "sessions", "alice", "--json"]);
    let number = |member: &str| shown[member].as_array().unwrap().len();
    (number("sessions"), number("refresh_tokens"))
}

#[test]
fn a_user_is_found_by_login_and_by_id_and_edited() {
    let place = place_with_alice();
    let shown = json_of(&place, &["users", "show", "ALICE"]);
    let id = shown["id"].as_str().unwrap();
    assert_eq!(json_of(&place, &["users", "show", id, "--json"]), shown);
    let edit = ["users", "edit", id, "--profile", "tenant=acme", "--profile", "age=7"];
    assert_eq!(succeeds(&place, &edit), "");
    let edit = ["users", "edit", "alice", "--unset", "age", "--login", "Alice.New", "--json"];
    let edited = json_of(&place, &edit);
    assert_eq!(edited["profile"], json!({ "name": "Alice", "tenant": "acme" }));
    assert_eq!((&edited["login"], &edited["id"]), (&json!("Alice.New"), &json!(id)));
    assert_eq!(place.run(&["users", "show", "alice"]).code, 1);

    succeeds(&place, &["users", "create", "--login", "bob"]);
    let taken = place.run(&["users", "edit", id, "--login", "BOB"]);
    let line = "scopegate: there is a user `BOB` already\n";
    assert_eq!((taken.code, taken.stderr.as_str()), (1, line));
    for wrong in [
        &["users", "edit", "bob"][..],
        &["users", "edit", "bob", "--profile", "sub=x"],
        &["users", "edit", "bob", "--profile", "a=1", "--unset", "a"],
        &["users", "edit", "bob", "--login", " x"],
    ] {
        assert_eq!(place.run(wrong).code, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let place = place_with_alice();
    sign_in(&place, "one").await;
    sign_in(&place, "two").await;
    assert_eq!(open(&place), (2, 2));
    let text = succeeds(&place, &["users", "sessions", "alice"]);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!((lines[0][0], lines[0][5], lines[0][7]), ("session", "-", "pwd"));
    assert_eq!((lines[2][0], lines[2][5], lines[2][7]), ("refresh", "portal", "read:orders"));

    let unknown = place.run(&["users", "end-sessions", "alice", "--session", "sesx"]);
    let line = "scopegate: the user has no session `sesx`\n";
    assert_eq!((unknown.code, unknown.stderr.as_str()), (1, line));
    succeeds(&place, &["users", "end-sessions", "alice", "--session", "sesone"]);
    assert_eq!(open(&place), (1, 1));
    succeeds(&place, &["users", "end-sessions", "alice"]);
    assert_eq!(open(&place), (0, 0));
    let none = place.run(&["users", "sessions", "alice"]);
    let line = "the user `alice` has no session and no refresh token\n";
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", line));
}

#[tokio::test]
async fn a_deleted_user_loses_all_that_they_had_open() {
    let place = place_with_alice();
    sign_in(&place, "one").await;
    let id = json_of(&place, &["users", "show", "alice"])["id"].as_str().unwrap().to_owned();
    let asked = place.run_with_input(&["users", "delete", "alice"], "y\n");
    assert_eq!(asked.code, 2, "{asked:?}");
    let deleted = json_of(&place, &["users", "delete", &id, "--yes", "--json"]);
    let expected = json!({
        "id": id, "login": "alice", "deleted": true,
        "ended_sessions": 1, "ended_refresh_token_families": 1,
    });
    assert_eq!(deleted, expected);
    assert_eq!(place.run(&["users", "show", "alice"]).code, 1);
    // What they did is still in the audit log.
    let kind = ["--kind", "delete.completed"];
    let list = [&["audit", "list", "--json", "--user", &id][..], &kind].concat();
    let listed = succeeds(&place, &list);
    let event: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(event["kind"], "user.lifecycle.delete.completed");
    assert_eq!(event["actor"]["id"], "users delete");
    assert_eq!(place.run(&["audit", "list", "--user", "alice"]).code, 1);
}

#[test]
fn a_group_that_nothing_names_is_warned_about() {
    let place = Place::new();
    let catalog = CATALOG.replace("grant_types =", "groups = ['staff']\ngrant_types =");
    place.write("catalog.toml", &catalog);
    succeeds(&place, &["apply", "catalog.toml"]);
    let made = place.run(&["users", "create", "--login", "alice", "--group", "staff"]);
    assert!(made.code == 0 && !made.stderr.contains("warning"), "{made:?}");
    let changed = place.run(&["users", "groups", "alice", "--add", "stafff"]);
    let warning =
        "warning: no rule and no client names the group \"stafff\"; did you mean \"staff\"?\n";
    assert_eq!((changed.code, changed.stdout.as_str()), (0, "staff\nstafff\n"));
    assert_eq!(changed.stderr, warning);
    // The user has it already, so it is not new.
    let again = place.run(&["users", "groups", "alice", "--add", "stafff"]);
    assert_eq!(again.stderr, "");
}

#[test]
fn users_are_listed_in_pages_and_by_group() {
    let place = Place::with_catalog();
    for login in ["carol", "alice", "bob"] {
        succeeds(&place, &["users", "create", "--login", login, "--group", "staff"]);
    }
    succeeds(&place, &["users", "disable", "bob"]);
    let list = |more: &[&str]| {
        let listed = json_of(&place, &[&["users", "list", "--json"], more].concat());
        let users = listed.as_array().unwrap().iter();
        users.map(|user| user["login"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]), ["alice", "bob", "carol"]);
    assert_eq!(list(&["--limit", "1", "--after", "alice"]), ["bob"]);
    assert_eq!(list(&["--status", "inactive", "--group", "staff"]), ["bob"]);
    assert_eq!(list(&["--group", "guests"]), [""; 0]);
    assert_eq!(list(&["--limit", "0"]), [""; 0]);
}

#[tokio::test]
async fn a_disabled_client_loses_its_refresh_tokens() {
    let place = place_with_alice();
    succeeds(&place, &["clients", "create", "--id", "portal", "--new-key", "portal.jwk"]);
    sign_in(&place, "one").await;
    sign_in(&place, "two").await;
    let shown = json_of(&place, &["clients", "show", "portal", "--json"]);
    assert_eq!(shown["refresh_token_families"], 2);
    let disabled = place.run(&["clients", "disable", "portal"]);
    let line = "disabled the client `portal`; 2 families of refresh tokens ended\n";
    assert_eq!((disabled.code, disabled.stderr.as_str()), (0, line));
    assert_eq!(open(&place), (2, 0), "a session is the user's, not the client's");
    assert_eq!(
        place.run(&["clients", "disable", "portal"]).stderr,
        "disabled the client `portal`\n"
    );
}
