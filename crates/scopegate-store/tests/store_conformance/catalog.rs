//! The catalog.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::audit::AuditEvent;
use scopegate_core::catalog::{
    Edit, Entity, EntityId, EntityKey, EntityKind, EntityRecord, Owner, RowKey, ScopeSpec,
    ServerId, Spec, StoredRow,
};
use scopegate_core::store::{CatalogWrite, Change, StoreError, Versions};
use scopegate_testkit::UncheckedCatalog;

use crate::place::{Node, Place};
use crate::samples::audit;

/// Longer than any test takes, however slow the machine is.
const LONG: Duration = Duration::from_secs(120);

fn server() -> ServerId {
    ServerId::parse("orders").unwrap()
}

fn key(name: &str) -> EntityKey {
    EntityKey::of_server(EntityKind::Scope, &server(), name)
}

fn scope(name: &str, description: &str) -> Edit {
    let spec = ScopeSpec { description: description.into(), ..ScopeSpec::default() };
    Edit::Put(Entity { key: key(name), owner: Owner::File, spec: Spec::Scope(spec) })
}

fn entity(key: EntityKey, json: &str) -> Edit {
    let spec = Spec::from_json(&key, json).unwrap();
    Edit::Put(Entity { key, owner: Owner::Api, spec })
}

pub(crate) async fn a_new_catalog_is_empty_and_has_version_0(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.catalog_version().await.unwrap(), 0);
    assert_eq!(store.catalog_file_version().await.unwrap(), 0);
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.version, all.edits), (0, vec![]));
}

pub(crate) async fn every_kind_of_entity_comes_back_as_it_was_written(place: &Place) {
    let store = place.open().await;
    let written = vec![
        entity(
            EntityKey::server(&server()),
            r#"{"name":"Ørders 🛒","audiences":[{"name":"api://orders"}],"algorithms":["RS256"]}"#,
        ),
        entity(key("read:orders"), r#"{"description":"it's \"quoted\" \\ \u0000"}"#),
        entity(
            EntityKey::of_server(EntityKind::Claim, &server(), "tenant"),
            r#"{"token":"access","value":{"constant":{"a":[1,null,"x"]}}}"#,
        ),
        entity(
            EntityKey::of_server(EntityKind::Policy, &server(), "readers; DROP TABLE vault"),
            r#"{"priority":1,"clients":"all"}"#,
        ),
        entity(
            EntityKey::rule(&server(), "readers; DROP TABLE vault", "read only"),
            r#"{"priority":1,"grant_types":["client_credentials"],"scopes":"any",
                "access_token_lifetime":{"secs":600,"nanos":0}}"#,
        ),
        entity(
            EntityKey { kind: EntityKind::Client, parent: String::new(), name: "reader".into() },
            r#"{"name":"Reader","client_type":"service","auth":"client_secret_basic",
                "grant_types":["client_credentials"],"attributes":{"tenant":"acme"}}"#,
        ),
    ];
    assert_eq!(store.write_catalog(0, &written, Some(7)).await.unwrap(), 1);
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.version, all.edits), (1, written));
    assert_eq!(store.catalog_file_version().await.unwrap(), 7);
}

pub(crate) async fn changes_come_back_in_the_order_in_which_they_were_made(place: &Place) {
    let store = place.open().await;
    // More entities than one statement writes, with names in another order than the edits.
    let first: Vec<_> = (0..205).map(|n| scope(&format!("s{}", n * 7 % 205), "first")).collect();
    let second = vec![scope("b", "second"), scope("a", "second")];
    assert_eq!(store.write_catalog(0, &first, Some(3)).await.unwrap(), 1);
    assert_eq!(store.write_catalog(1, &second, None).await.unwrap(), 2);

    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.version, all.edits), (2, [first, second.clone()].concat()));
    let newer = store.catalog_since(1).await.unwrap();
    assert_eq!((newer.version, newer.edits), (2, second));
    for version in [2, 3, u64::MAX] {
        let none = store.catalog_since(version).await.unwrap();
        assert_eq!((none.version, none.edits), (2, vec![]));
    }
    assert_eq!(store.catalog_file_version().await.unwrap(), 3, "kept where none is given");
}

pub(crate) async fn an_entity_that_changed_twice_comes_back_once(place: &Place) {
    let store = place.open().await;
    let twice_at_once = [scope("a", "1"), scope("b", "1"), scope("a", "2")];
    store.write_catalog(0, &twice_at_once, None).await.unwrap();
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!(all.edits, [scope("b", "1"), scope("a", "2")]);

    store.write_catalog(1, &[scope("b", "3")], None).await.unwrap();
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!(all.edits, [scope("a", "2"), scope("b", "3")]);
}

pub(crate) async fn a_deletion_is_told_to_those_only_who_knew_the_entity(place: &Place) {
    let store = place.open().await;
    store.write_catalog(0, &[scope("a", "1"), scope("b", "1")], None).await.unwrap();
    store.write_catalog(1, &[Edit::Delete(key("a"))], None).await.unwrap();
    assert_eq!(store.catalog_since(0).await.unwrap().edits, [scope("b", "1")]);
    assert_eq!(store.catalog_since(1).await.unwrap().edits, [Edit::Delete(key("a"))]);
    assert_eq!(store.catalog_since(2).await.unwrap().edits, []);

    store.write_catalog(2, &[scope("a", "2")], None).await.unwrap();
    assert_eq!(store.catalog_since(1).await.unwrap().edits, [scope("a", "2")]);
    assert_eq!(store.catalog_since(0).await.unwrap().edits, [scope("b", "1"), scope("a", "2")]);
}

pub(crate) async fn a_change_on_top_of_another_version_leaves_nothing(place: &Place) {
    let store = place.open().await;
    store.write_catalog(0, &[scope("a", "1")], Some(1)).await.unwrap();
    for expected in [0, 2, u64::MAX] {
        let late = store.write_catalog(expected, &[scope("a", "2")], Some(9)).await;
        assert!(matches!(late, Err(StoreError::Conflict)), "{expected}: {late:?}");
    }
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.version, all.edits), (1, vec![scope("a", "1")]));
    assert_eq!(store.catalog_file_version().await.unwrap(), 1);
}

pub(crate) async fn of_writers_with_the_same_version_one_wins(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    for version in 0..20 {
        let write = |store: Node, name: &'static str| {
            tokio::spawn(async move {
                store.write_catalog(version, &[scope(name, &version.to_string())], None).await
            })
        };
        let (one, other) = (write(one.clone(), "one"), write(other.clone(), "other"));
        match (one.await.unwrap(), other.await.unwrap()) {
            (Ok(new), Err(StoreError::Conflict)) | (Err(StoreError::Conflict), Ok(new)) => {
                assert_eq!(new, version + 1);
            }
            both => panic!("{both:?}"),
        }
    }
    assert_eq!(one.catalog_since(19).await.unwrap().edits.len(), 1);
}

pub(crate) async fn a_reader_sees_whole_versions(place: &Place) {
    let (writer, reader) = (place.open().await, place.open().await);
    let writing = tokio::spawn(async move {
        for version in 0..60_u64 {
            let text = (version + 1).to_string();
            let pair = [scope("a", &text), scope("b", &text)];
            writer.write_catalog(version, &pair, None).await.unwrap();
        }
    });
    loop {
        let all = reader.catalog_since(0).await.unwrap();
        let text = all.version.to_string();
        match all.version {
            0 => assert_eq!(all.edits, []),
            _ => assert_eq!(all.edits, [scope("a", &text), scope("b", &text)]),
        }
        if all.version == 60 {
            break;
        }
    }
    writing.await.unwrap();
}

fn row(key: RowKey, format: u64, body: Option<&str>) -> StoredRow {
    let owner = body.map(|_| "api".to_owned());
    StoredRow { key, format, owner, body: body.map(str::to_owned) }
}

pub(crate) async fn rows_of_another_version_are_told_and_fail_nothing(place: &Place) {
    let store = place.open().await;
    store.write_catalog(0, &[scope("a", "1"), scope("b", "1")], None).await.unwrap();
    let flag = RowKey { kind: "flag".to_owned(), parent: String::new(), name: "beta".to_owned() };
    place
        .write_rows(&[
            row(RowKey::from(&key("a")), 2, Some("{}")),
            row(RowKey::from(&key("c")), 1, Some(r#"{"of_tomorrow":1}"#)),
            row(flag.clone(), 1, Some("{}")),
        ])
        .await;
    for (since, edits) in [(0, vec![scope("b", "1")]), (1, vec![])] {
        let changes = store.catalog_since(since).await.unwrap();
        assert_eq!((changes.version, changes.edits), (2, edits));
        let rows: Vec<_> = changes.unreadable.iter().map(ToString::to_string).collect();
        let expected = [
            "scope orders/a cannot be read by this version: its format is 2, known is 1",
            "scope orders/c cannot be read by this version: unknown field `of_tomorrow`",
            "flag beta cannot be read by this version: its kind is not known",
        ];
        assert_eq!(rows, expected);
    }

    // Each is repaired or deleted.
    place
        .write_rows(&[
            row(RowKey::from(&key("a")), 1, Some("{}")),
            row(RowKey::from(&key("c")), 2, None),
            row(flag.clone(), 2, None),
        ])
        .await;
    let changes = store.catalog_since(2).await.unwrap();
    assert_eq!(changes.unreadable, []);
    assert_eq!(changes.gone, [flag]);
    let edits: Vec<_> = changes.edits.iter().map(Edit::key).collect();
    assert_eq!(edits, [&key("a"), &key("c")]);
    let all = store.catalog_since(0).await.unwrap();
    assert_eq!((all.edits.len(), all.unreadable.len(), all.gone.len()), (2, 0, 0));
}

pub(crate) async fn a_row_of_a_newer_format_is_neither_overwritten_nor_deleted(place: &Place) {
    let store = place.open().await;
    store.write_catalog(0, &[scope("a", "1"), scope("b", "1")], None).await.unwrap();
    place.write_rows(&[row(RowKey::from(&key("a")), 2, Some("{}"))]).await;
    for edit in [scope("a", "2"), Edit::Delete(key("a"))] {
        let refused = store.write_catalog(2, &[scope("b", "2"), edit], None).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
        let all = store.catalog_since(0).await.unwrap();
        assert_eq!((all.version, all.edits), (2, vec![scope("b", "1")]));
        assert_eq!(all.unreadable.len(), 1);
    }
    // A deleted entity can be created again, whatever format it had.
    place.write_rows(&[row(RowKey::from(&key("a")), 2, None)]).await;
    assert_eq!(store.write_catalog(3, &[scope("a", "3")], None).await.unwrap(), 4);
    assert_eq!(store.catalog_since(3).await.unwrap().edits, [scope("a", "3")]);
}

pub(crate) async fn an_entity_keeps_its_id_until_it_is_deleted(place: &Place) {
    let store = place.open().await;
    let at = UnixTime::from_seconds;
    let given = EntityId::generate(EntityKind::Scope);
    let record =
        async |version| store.catalog_since(version).await.unwrap().records.remove(&key("a"));
    let (new, edits) = ([(key("a"), given.clone())], [scope("a", "1"), scope("b", "1")]);
    let write = CatalogWrite { ids: &new, ..CatalogWrite::new(0, &edits, at(10)) };
    store.edit_catalog(&write).await.unwrap();
    let expected = |updated| {
        let id = given.clone();
        Some(EntityRecord { id, created_at: Some(at(10)), updated_at: Some(at(updated)) })
    };
    assert_eq!(record(0).await, expected(10));

    // Another id for what is there is not taken.
    let (new, edits) = ([(key("a"), EntityId::generate(EntityKind::Scope))], [scope("a", "2")]);
    let write = CatalogWrite { ids: &new, ..CatalogWrite::new(1, &edits, at(20)) };
    store.edit_catalog(&write).await.unwrap();
    assert_eq!(record(0).await, expected(20));
    assert_eq!(record(1).await, expected(20));

    // What is deleted and made again is another entity.
    let edits = [Edit::Delete(key("a"))];
    store.edit_catalog(&CatalogWrite::new(2, &edits, at(30))).await.unwrap();
    assert_eq!(record(0).await, None);
    let edits = [scope("a", "3")];
    store.edit_catalog(&CatalogWrite::new(3, &edits, at(40))).await.unwrap();
    let again = record(0).await.unwrap();
    assert_ne!(again.id, given);
    assert_eq!((again.created_at, again.updated_at), (Some(at(40)), Some(at(40))));
}

pub(crate) async fn a_change_and_its_record_are_written_together(place: &Place) {
    let store = place.open().await;
    let events = [event("a"), event("b")];
    let edits = [scope("a", "1")];
    let at = UnixTime::from_seconds(1_800_000_000);
    let write = CatalogWrite { events: events.into(), ..CatalogWrite::new(0, &edits, at) };
    store.edit_catalog(&write).await.unwrap();
    assert_eq!(place.count("audit_event").await, 2);
    // What is not written is not recorded.
    let other = [event("c")];
    let late = store.edit_catalog(&CatalogWrite { events: other.into(), ..write }).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert_eq!(place.count("audit_event").await, 2);
}

fn event(client: &str) -> AuditEvent {
    match audit(client) {
        Change::Audit(event) => event,
        other => unreachable!("{other:?} is no event"),
    }
}

pub(crate) async fn a_waiting_node_sees_the_change_of_another(place: &Place) {
    let (waiter, writer) = (place.open_sql().await, place.open_sql().await);
    // A newer version is returned at once.
    writer.write_catalog(0, &[scope("a", "1")], None).await.unwrap();
    let newer = waiter.wait_for_change_after(Versions::default()).await.unwrap();
    assert_eq!(newer, Versions { catalog: 1, keys: 0 });

    for version in 1..4 {
        let waiter = waiter.clone();
        let known = Versions { catalog: version, keys: 0 };
        let waiting = tokio::spawn(async move { waiter.wait_for_change_after(known).await });
        // With PostgreSQL the store listens, and a write notifies all listeners.
        let told = place.listen_beside(&waiting).await;
        assert!(!waiting.is_finished());
        writer.write_catalog(version, &[scope("a", "2")], None).await.unwrap();
        if let Some(mut told) = told {
            let told = tokio::time::timeout(LONG, told.recv()).await;
            assert_eq!(told.expect("told").unwrap().channel(), "scopegate_catalog");
        }
        let seen = tokio::time::timeout(LONG, waiting).await;
        assert_eq!(seen.expect("seen").unwrap().unwrap().catalog, version + 1);
    }
}
