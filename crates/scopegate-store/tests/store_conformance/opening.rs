//! Opening a store: for the first time, again, and where it must be refused.

use scopegate_core::catalog::{
    Edit, Entity, EntityId, EntityKey, EntityKind, Owner, ScopeSpec, ServerId, Spec,
};
use scopegate_core::directory::{Listed, LoginMatch, User};
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, CatalogStore, Change, Directory, InstallationStore,
    KeyPhase, KeyStore, Ledger, Records, StoreError, UserKey,
};
use scopegate_jose::sha256;
use scopegate_store::{OpenError, SqlStore};
use scopegate_testkit::UncheckedCatalog;

use crate::place::{Place, patient};
use crate::samples::{NOW, code, family, open_family, person, put_user, session, user_id};
use crate::signing_keys::put_signing_key;

pub(crate) async fn processes_that_start_together_all_succeed(place: &Place) {
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let url = place.url();
            tokio::spawn(async move { SqlStore::open(&url, &patient()).await })
        })
        .collect();
    for start in starts {
        let store = start.await.unwrap().unwrap();
        assert_eq!(store.catalog_version().await.unwrap(), 0);
    }
    assert_eq!(place.count("scopegate_migration").await, MIGRATIONS);
    assert_eq!(place.count("catalog_state").await, 1);
}

pub(crate) async fn what_was_written_is_there_at_the_next_start(place: &Place) {
    let store = place.open_sql().await;
    let key = EntityKey::server(&ServerId::parse("orders").unwrap());
    let json = r#"{"name":"Orders","audiences":[{"name":"api://orders"}],"algorithms":["ES256"]}"#;
    let spec = Spec::from_json(&key, json).unwrap();
    let edits = vec![Edit::Put(Entity { key, owner: Owner::Api, spec })];
    store.write_catalog(0, &edits, None).await.unwrap();
    store.keep("a", "first").await.unwrap();
    store.close().await;
    assert!(matches!(store.catalog_version().await, Err(StoreError::Unavailable(_))));

    let store = place.open_sql().await;
    assert_eq!(store.keep("a", "second").await.unwrap(), "first");
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.version, all.edits), (1, edits));
    assert_eq!(place.count("scopegate_migration").await, MIGRATIONS);
}

/// How many migrations there are.
const MIGRATIONS: i64 = 9;

/// Takes back what the migration `key_phases` did.
const BEFORE_KEY_PHASES: &str = "\
    DROP INDEX signing_key_that_is_announced; \
    ALTER TABLE signing_key DROP COLUMN signs_from; ALTER TABLE signing_key DROP COLUMN retired_at";

/// Reverts the migration `review`.
const BEFORE_REVIEW: &str = "\
    DROP TABLE client_use; DROP INDEX audit_event_of_user; DROP INDEX audit_event_of_client; \
    DROP INDEX audit_event_of_server; DROP INDEX audit_event_of_kind; \
    DROP INDEX audit_event_refused; DROP INDEX audit_event_of_before; \
    ALTER TABLE audit_event DROP COLUMN frequent; ALTER TABLE audit_event DROP COLUMN kind; \
    ALTER TABLE audit_event DROP COLUMN refused; ALTER TABLE audit_event DROP COLUMN user_id";

/// Reverts what the migration `row_formats` did to the tables of the first migration.
const BEFORE_FORMATS: &str = "\
    DROP INDEX signing_key_by_version; \
    ALTER TABLE catalog_entity DROP COLUMN format; ALTER TABLE signing_key DROP COLUMN format; \
    ALTER TABLE signing_key DROP COLUMN version; ALTER TABLE catalog_state DROP COLUMN key_version";

/// Reverts the migration `entity_ids`.
const BEFORE_IDS: &str = "\
    ALTER TABLE catalog_entity DROP COLUMN id; ALTER TABLE catalog_entity DROP COLUMN created_at; \
    ALTER TABLE catalog_entity DROP COLUMN updated_at";

/// Reverts the migration `logins_by_normal_form`.
const BEFORE_NORMAL_LOGINS: &str = "\
    DROP INDEX directory_user_by_login_norm; DROP INDEX directory_user_to_fill; \
    ALTER TABLE directory_user DROP COLUMN login_norm; \
    ALTER TABLE directory_user DROP COLUMN login_collides";

pub(crate) async fn an_older_database_is_brought_up_to_date(place: &Place) {
    let store = place.open_sql().await;
    store.write_catalog(0, &[], Some(3)).await.unwrap();
    store.close().await;
    // As the first version of this program left it.
    place
        .run(
            "DROP TABLE directory_user; DROP TABLE user_session; DROP TABLE refresh_family; \
             DROP TABLE consent; DROP TABLE artifact; DROP TABLE revoked_token; \
             DELETE FROM scopegate_migration WHERE number > 1",
        )
        .await;
    place.run(BEFORE_REVIEW).await;
    place.run(BEFORE_KEY_PHASES).await;
    place.run(BEFORE_FORMATS).await;
    place.run(BEFORE_IDS).await;
    let store = place.open_sql().await;
    assert_eq!(place.count("scopegate_migration").await, MIGRATIONS);
    assert_eq!(store.catalog_file_version().await.unwrap(), 3);
    store.commit(&[put_user(person("alice"), None)]).await.unwrap();

    // As the second version left it. Its codes are deleted, everything else stays.
    let device = Artifact { kind: ArtifactKind::Device, ..code("a") };
    let put = [Change::PutArtifact(code("a")), Change::PutArtifact(device.clone())];
    store.commit(&put).await.unwrap();
    store.close().await;
    place
        .run(
            "ALTER TABLE artifact DROP COLUMN user_id; \
             ALTER TABLE directory_user DROP COLUMN password_generation; \
             ALTER TABLE directory_user DROP COLUMN format; \
             DELETE FROM scopegate_migration WHERE number > 2",
        )
        .await;
    place.run(BEFORE_REVIEW).await;
    place.run(BEFORE_KEY_PHASES).await;
    place.run(BEFORE_FORMATS).await;
    place.run(BEFORE_IDS).await;
    place.run(BEFORE_NORMAL_LOGINS).await;
    let store = place.open_sql().await;
    let name = ArtifactName::of_secret("a");
    assert_eq!(store.artifact(ArtifactKind::Code, &name).await.unwrap(), None);
    assert_eq!(store.artifact(ArtifactKind::Device, &name).await.unwrap(), Some(device));
    let alice = person("alice");
    assert_eq!(store.user(UserKey::Login(&alice.login)).await.unwrap(), Some(alice));
}

/// Three logins with one key. In none of them the marks are in the order of the key.
const DOTS: [(&str, &str); 3] = [
    ("dots1", "q\u{307}\u{323}\u{331}\u{324}"),
    ("dots2", "q\u{323}\u{307}\u{331}\u{324}"),
    ("dots3", "q\u{323}\u{331}\u{307}\u{324}"),
];

/// Creates users as the version before did, from ids and logins.
async fn made_before(place: &Place, people: &[(&str, &str)]) {
    let row = |(name, login): &(&str, &str)| {
        let (id, key) = (user_id(name), login.to_lowercase());
        format!("('{id}', '{login}', '{key}', 'ACTIVE', 'api', '[]', '{{}}', 1, 1, 0)")
    };
    let rows: Vec<String> = people.iter().map(row).collect();
    place
        .run(&format!(
            "INSERT INTO directory_user (id, login, login_key, status, owner, group_names, profile, \
             created_at, updated_at, version) VALUES {}",
            rows.join(", ")
        ))
        .await;
}

/// The user that a login finds.
async fn found(store: &SqlStore, login: &str) -> Option<String> {
    let user = store.user(UserKey::Login(login)).await.unwrap();
    user.map(|user| user.id.as_str()["00u".len()..].to_owned())
}

/// The users who are found only by their exact login.
async fn exact_ones(store: &SqlStore) -> Vec<String> {
    let (mut exact, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let page = store.users(after.as_deref(), 200).await.unwrap();
        let Some(last) = page.last() else { return exact };
        after = Some(last.login().to_owned());
        for listed in page {
            let Listed::User(user) = listed else { panic!("{listed:?}") };
            if user.login_match == LoginMatch::Exact {
                exact.push(user.id.as_str()["00u".len()..].to_owned());
            }
        }
    }
}

pub(crate) async fn logins_of_before_get_their_keys_and_those_that_collide_keep_theirs(
    place: &Place,
) {
    place.open_sql().await.close().await;
    let few = [("plain", "Plain"), ("apart", "Rene\u{301}"), ("jose1", "Jos\u{e9}")];
    made_before(place, &[&few[..], &[("jose2", "Jose\u{301}")], &DOTS].concat()).await;
    let many: Vec<String> = (0..1100).map(|n| format!("many{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), name.as_str())).collect();
    made_before(place, &many).await;
    // Several nodes start at the same time.
    let starts = [0; 4].map(|_| {
        let url = place.url();
        tokio::spawn(async move { SqlStore::open(&url, &patient()).await })
    });
    for start in starts {
        start.await.unwrap().unwrap().close().await;
    }
    assert_eq!(place.count("directory_user WHERE login_norm IS NULL").await, 0);

    let store = place.open_sql().await;
    for (login, name) in [
        ("PLAIN", Some("plain")),
        (" many7", Some("many7")),
        ("Rene\u{301}", Some("apart")),
        ("ren\u{e9}", Some("apart")),
        ("JOS\u{c9}", Some("jose1")),
        ("JOSE\u{301}", Some("jose2")),
        (DOTS[0].1, Some("dots1")),
        (DOTS[1].1, Some("dots2")),
        (DOTS[2].1, Some("dots3")),
        ("q\u{323}\u{331}\u{324}\u{307}", None),
        ("jose", None),
    ] {
        assert_eq!(found(&store, login).await.as_deref(), name, "{login}");
    }
    let mut exact = exact_ones(&store).await;
    exact.sort();
    assert_eq!(exact, ["dots1", "dots2", "dots3", "jose1", "jose2"]);

    // A user with an exact login can be changed and keeps it. No other user gets a login with its key.
    let jose = store.user(UserKey::Login("jose\u{301}")).await.unwrap().unwrap();
    store.commit(&[Change::MoveUser { from: 0, user: Box::new(jose.clone()) }]).await.unwrap();
    assert_eq!(found(&store, "jose\u{301}").await.as_deref(), Some("jose2"));
    let third = User { login: " JOS\u{c9}".into(), ..person("third") };
    assert!(store.commit(&[put_user(third, None)]).await.is_err());
}

pub(crate) async fn a_node_of_before_goes_on_making_people(place: &Place) {
    let store = place.open_sql().await;
    made_before(place, &[("apart", "Rene\u{301}")]).await;
    // Until its key is filled in, it is found only by its exact spelling.
    assert_eq!(found(&store, "RENE\u{301}").await.as_deref(), Some("apart"));
    assert_eq!(found(&store, "ren\u{e9}").await, None);
    store.forget_expired(NOW).await.unwrap();
    assert_eq!(found(&store, "ren\u{e9}").await.as_deref(), Some("apart"));
    assert_eq!(exact_ones(&store).await, [""; 0]);

    // It creates a user whose login this version would refuse as taken.
    made_before(place, &[("composed", "ren\u{e9}")]).await;
    assert_eq!(found(&store, "ren\u{e9}").await.as_deref(), Some("composed"));
    store.forget_expired(NOW).await.unwrap();
    assert_eq!(found(&store, "ren\u{e9}").await.as_deref(), Some("composed"));
    assert_eq!(found(&store, "rene\u{301}").await.as_deref(), Some("apart"));
    assert_eq!(exact_ones(&store).await, ["apart", "composed"]);
}

pub(crate) async fn a_newer_database_is_refused(place: &Place) {
    place.open_sql().await.close().await;
    place.run("INSERT INTO scopegate_migration (number, name) VALUES (9001, 'of tomorrow')").await;
    let error = SqlStore::open(&place.url(), &patient()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 9001, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&place.url().to_string()), "{text}");
    assert!(text.contains("newer") && !text.contains('\n'), "{text}");
}

pub(crate) async fn a_row_that_cannot_be_read_is_named(place: &Place) {
    let store = place.open_sql().await;
    let entities = [
        "'gizmo', '', 'a', 'api', 0, 0, '{}'",
        "'scope', 'default', 'a', 'nobody', 0, 0, '{}'",
        "'scope', 'default', 'a', 'api', 0, 0, 'no json'",
        "'server', '', 'a', 'api', 0, 0, '{}'",
    ];
    for row in entities {
        place
            .run(&format!(
                "INSERT INTO catalog_entity (kind, parent, name, owner, version, ordinal, body) \
                 SELECT {row}; UPDATE catalog_entity SET version = 1"
            ))
            .await;
        let changes = store.catalog_since(0).await.unwrap();
        assert_eq!(changes.edits, [], "{row}");
        assert_eq!(changes.unreadable.len(), 1, "{row}");
        place.run("DELETE FROM catalog_entity").await;
    }
    a_person_or_a_grant_that_cannot_be_read_is_named(&store, place).await;
    place.run("UPDATE catalog_state SET version = -1").await;
    assert!(matches!(store.catalog_version().await, Err(StoreError::Corrupt(_))));
    place.run("DELETE FROM catalog_state").await;
    assert!(matches!(store.catalog_version().await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.catalog_since(0).await, Err(StoreError::Corrupt(_))));
    // A broken row does not break other operations.
    store.ping().await.unwrap();
}

/// A body with a member that this version does not know.
const MORE: &str = "body = '{\"of_tomorrow\":1,' || substr(body, 2)";

async fn a_person_or_a_grant_that_cannot_be_read_is_named(store: &SqlStore, place: &Place) {
    let family = family("a", "alice");
    let there = [
        put_user(person("alice"), None),
        open_family(&family),
        Change::OpenSession(Box::new(session("a", "a"))),
        Change::PutArtifact(code("a")),
    ];
    store.commit(&there).await.unwrap();
    for (table, columns) in [
        ("directory_user", &["status = 'RESTING'", "owner = 'nobody'", "profile = '[]'"][..]),
        ("directory_user", &["group_names = 'no json'", "version = -1"]),
        ("refresh_family", &["server = 'a/b'", "generation = 4294967296", "body = '{}'", MORE]),
        ("user_session", &["user_id = 'alice'", "body = '{}'", MORE, "ends_at = -1"]),
        ("artifact", &["version = -1"]),
    ] {
        for broken in columns {
            place.run(&format!("CREATE TABLE aside AS SELECT * FROM {table}")).await;
            place.run(&format!("UPDATE {table} SET {broken}")).await;
            let secret = sha256(b"a");
            let error = match table {
                "directory_user" => {
                    store.user(UserKey::Id(&user_id("alice"))).await.map(drop).unwrap_err()
                }
                "refresh_family" => store.family(&family.id).await.map(drop).unwrap_err(),
                "user_session" => store.session(&secret).await.map(drop).unwrap_err(),
                _ => {
                    let name = ArtifactName::Secret(secret);
                    store.artifact(ArtifactKind::Code, &name).await.map(drop).unwrap_err()
                }
            };
            let is_named = matches!(error, StoreError::Corrupt(_) | StoreError::Unreadable(_));
            assert!(is_named, "{table}, {broken}: {error:?}");
            place.run(&format!("DELETE FROM {table}")).await;
            place.run(&format!("INSERT INTO {table} SELECT * FROM aside; DROP TABLE aside")).await;
        }
    }
}

pub(crate) async fn rows_of_before_are_of_format_1_and_their_keys_are_read(place: &Place) {
    let store = place.open_sql().await;
    let key = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), "a");
    let edit =
        Edit::Put(Entity { key, owner: Owner::Api, spec: Spec::Scope(ScopeSpec::default()) });
    store.write_catalog(0, std::slice::from_ref(&edit), None).await.unwrap();
    store.commit(&[put_user(person("alice"), None)]).await.unwrap();
    put_signing_key(&store, "1").await;
    store.close().await;
    place.run(BEFORE_REVIEW).await;
    place.run(BEFORE_KEY_PHASES).await;
    place.run(BEFORE_FORMATS).await;
    place.run(BEFORE_IDS).await;
    place
        .run(
            "ALTER TABLE directory_user DROP COLUMN format; \
             DELETE FROM scopegate_migration WHERE number > 4",
        )
        .await;
    place.run(BEFORE_NORMAL_LOGINS).await;
    let store = place.open_sql().await;
    assert_eq!(store.catalog_since(0).await.unwrap().edits, [edit]);
    assert!(store.user(UserKey::Id(&user_id("alice"))).await.unwrap().is_some());
    let keys = store.keys_since(0).await.unwrap();
    assert_eq!((keys.version, keys.keys.len()), (1, 1));

    // A node of the version before writes keys without versions. They are read with every change.
    place
        .run(
            "INSERT INTO signing_key (server, kid, algorithm, phase, since, public_jwk, sealed) \
             SELECT 'org', kid, algorithm, phase, since, public_jwk, sealed FROM signing_key",
        )
        .await;
    for version in [0, 1] {
        let keys = store.keys_since(version).await.unwrap().keys;
        let key = keys.iter().find(|key| key.server.is_org()).unwrap();
        // Nor do they say when they began to sign: when they were made.
        let life = (key.phase, key.signs_from, key.retired_at);
        assert_eq!(life, (KeyPhase::Signing, Some(key.created), None), "{version}");
    }
}

pub(crate) async fn rows_of_before_get_ids_that_are_the_same_on_every_node(place: &Place) {
    let store = place.open_sql().await;
    let key = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), "a");
    let spec = Spec::Scope(ScopeSpec::default());
    let edit = Edit::Put(Entity { key: key.clone(), owner: Owner::Api, spec });
    store.write_catalog(0, std::slice::from_ref(&edit), None).await.unwrap();
    store.close().await;
    place.run(BEFORE_IDS).await;
    place.run(BEFORE_REVIEW).await;
    place.run(BEFORE_KEY_PHASES).await;
    place.run("DELETE FROM scopegate_migration WHERE number > 6").await;
    for _ in 0..2 {
        let store = place.open_sql().await;
        let record = store.catalog_since(0).await.unwrap().records.remove(&key).unwrap();
        assert_eq!((&record.id, record.created_at), (&EntityId::derived(&key), None));
        store.close().await;
    }
    // It keeps the id when it is changed.
    let store = place.open_sql().await;
    store.write_catalog(1, std::slice::from_ref(&edit), None).await.unwrap();
    let record = store.catalog_since(0).await.unwrap().records.remove(&key).unwrap();
    assert_eq!((record.id, record.created_at), (EntityId::derived(&key), None));
    assert!(record.updated_at.is_some());
}

pub(crate) async fn a_node_of_before_goes_on_writing_the_catalog(place: &Place) {
    let store = place.open_sql().await;
    let key = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), "a");
    let spec = Spec::Scope(ScopeSpec::default());
    let edit = Edit::Put(Entity { key: key.clone(), owner: Owner::Api, spec });
    store.write_catalog(0, std::slice::from_ref(&edit), None).await.unwrap();
    let id = store.catalog_since(0).await.unwrap().records.remove(&key).unwrap().id;
    // The statement of the version before.
    let put = |name: &str| {
        format!(
            "INSERT INTO catalog_entity (kind, parent, name, format, owner, version, ordinal, body) \
             VALUES ('scope', 'default', '{name}', 1, 'api', 2, 0, '{{\"description\":\"new\"}}') \
             ON CONFLICT (kind, parent, name) DO UPDATE SET \
             format = excluded.format, owner = excluded.owner, version = excluded.version, \
             ordinal = excluded.ordinal, body = excluded.body"
        )
    };
    place.run(&put("a")).await;
    place.run(&put("b")).await;
    place.run("UPDATE catalog_state SET version = 2").await;
    let records = store.catalog_since(0).await.unwrap().records;
    assert_eq!(records[&key].id, id, "it is the same entity");
    let other = EntityKey::of_server(EntityKind::Scope, &ServerId::default_server(), "b");
    assert_eq!(records[&other].id, EntityId::derived(&other));
}
