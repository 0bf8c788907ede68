//! Opening a store: for the first time, again, and where it should not be done.

use scopegate_core::catalog::{
    Edit, Entity, EntityKey, EntityKind, Owner, ScopeSpec, ServerId, Spec,
};
use scopegate_core::store::{
    Artifact, ArtifactKind, ArtifactName, CatalogStore, Change, Directory, KeyStore, Ledger,
    Records, StoreError, UserKey, Vault,
};
use scopegate_jose::sha256;
use scopegate_store::{OpenError, SqlStore};

use crate::place::{Place, patient};
use crate::samples::{code, family, open_family, person, put_user, session, user_id};
use crate::signing_keys::signing_key;

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
    assert_eq!(place.count("scopegate_migration").await, 4);
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
    assert_eq!(place.count("scopegate_migration").await, 4);
}

/// Takes back what the fourth migration did to the tables of the first one.
const BEFORE_FORMATS: &str = "\
    DROP INDEX signing_key_by_version; \
    ALTER TABLE catalog_entity DROP COLUMN format; ALTER TABLE signing_key DROP COLUMN format; \
    ALTER TABLE signing_key DROP COLUMN version; ALTER TABLE catalog_state DROP COLUMN key_version";

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
    place.run(BEFORE_FORMATS).await;
    let store = place.open_sql().await;
    assert_eq!(place.count("scopegate_migration").await, 4);
    assert_eq!(store.catalog_file_version().await.unwrap(), 3);
    store.commit(&[put_user(person("alice"), None)]).await.unwrap();

    // As the second one left it: its codes are forgotten, all else is as it was.
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
    place.run(BEFORE_FORMATS).await;
    let store = place.open_sql().await;
    let name = ArtifactName::of_secret("a");
    assert_eq!(store.artifact(ArtifactKind::Code, &name).await.unwrap(), None);
    assert_eq!(store.artifact(ArtifactKind::Device, &name).await.unwrap(), Some(device));
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
    // A broken row breaks nothing else.
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
    store.insert_signing_key(&signing_key("1")).await.unwrap();
    store.close().await;
    place.run(BEFORE_FORMATS).await;
    place
        .run(
            "ALTER TABLE directory_user DROP COLUMN format; \
             DELETE FROM scopegate_migration WHERE number > 3",
        )
        .await;
    let store = place.open_sql().await;
    assert_eq!(store.catalog_since(0).await.unwrap().edits, [edit]);
    assert!(store.user(UserKey::Login("alice")).await.unwrap().is_some());
    let keys = store.keys_since(0).await.unwrap();
    assert_eq!((keys.version, keys.keys.len()), (1, 1));

    // A program of before that still runs does not count its keys: they come with every change.
    place
        .run(
            "INSERT INTO signing_key (server, kid, algorithm, phase, since, public_jwk, sealed) \
             SELECT 'org', kid, algorithm, phase, since, public_jwk, sealed FROM signing_key",
        )
        .await;
    for version in [0, 1] {
        let keys = store.keys_since(version).await.unwrap().keys;
        assert!(keys.iter().any(|key| key.server.is_org()), "{version}");
    }
}
