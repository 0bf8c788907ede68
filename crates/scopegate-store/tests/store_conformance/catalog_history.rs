//! The history of the catalog, and the catalog file that was applied last.

use scopegate_claims::UnixTime;
use scopegate_core::audit::Actor;
use scopegate_core::catalog::{Owner, RowKey, StoredRow};
use scopegate_core::store::{
    AppliedContent, AppliedFile, CatalogVersion, CatalogWrite, FileMark, StoreError, Undo,
    VersionRecord,
};
use scopegate_testkit::UncheckedCatalog;

use crate::place::{Node, Place};
use crate::samples::{NOW, later};

/// A version that changed some rows, which had these bodies before.
fn record(version: u64, at: UnixTime, before: &[(&str, Option<&str>)]) -> VersionRecord {
    let row = |(name, body): &(&str, Option<&str>)| StoredRow {
        key: RowKey { kind: "scope".into(), parent: "orders".into(), name: (*name).into() },
        format: 1,
        owner: body.map(|_| "file".to_owned()),
        body: body.map(str::to_owned),
    };
    let version = CatalogVersion {
        version,
        at,
        actor: Actor::file("catalog.toml"),
        owner: Owner::of_file("team").ok(),
        file_version: Some(version * 10),
        restored: None,
        added: 1,
        changed: 2,
        deleted: 3,
    };
    VersionRecord { version, before: before.iter().map(row).collect() }
}

async fn write(store: &Node, record: &VersionRecord) -> Result<u64, StoreError> {
    let (version, at) = (record.version.version, record.version.at);
    let write = CatalogWrite::new(version - 1, &[], at);
    store.edit_catalog(&CatalogWrite { record: Some(record), ..write }).await
}

/// Three versions. The second changes more rows than one statement writes.
async fn three(store: &Node) -> [VersionRecord; 3] {
    let names: Vec<String> = (0..205).map(|n| format!("s{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Some("{}"))).collect();
    let records = [
        record(1, NOW, &[("a", None)]),
        record(2, later(10), &many),
        record(3, later(20), &[("a", Some(r#"{"description":"\u0000 é"}"#)), ("b", None)]),
    ];
    for record in &records {
        assert_eq!(write(store, record).await.unwrap(), record.version.version);
    }
    records
}

fn undo(records: &[VersionRecord]) -> Undo {
    let rows = records
        .iter()
        .rev()
        .flat_map(|record| record.before.iter().map(|row| (record.version.version, row.clone())));
    let versions = records.iter().rev().map(|record| record.version.version).collect();
    Undo { current: 3, versions, rows: rows.collect() }
}

pub(crate) async fn a_new_catalog_has_no_history(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.catalog_versions(None, 10).await.unwrap(), []);
    assert_eq!(store.undo_since(0).await.unwrap(), Undo::default());
}

pub(crate) async fn versions_come_back_newest_first_with_the_rows_before_them(place: &Place) {
    let store = place.open().await;
    let records = three(&store).await;
    let versions = store.catalog_versions(None, 10).await.unwrap();
    let expected: Vec<_> = records.iter().rev().map(|record| record.version.clone()).collect();
    assert_eq!(versions, expected);
    assert_eq!(store.catalog_versions(Some(3), 1).await.unwrap(), expected[1..2]);
    for since in 0..=3 {
        let found = store.undo_since(since as u64).await.unwrap();
        assert_eq!(found, undo(&records[since..]), "{since}");
        assert!(found.reaches(since as u64));
    }
    assert_eq!(store.undo_since(u64::MAX).await.unwrap(), undo(&[]));
}

pub(crate) async fn a_change_that_loses_leaves_no_history(place: &Place) {
    let store = place.open().await;
    let records = three(&store).await;
    let late = record(3, later(30), &[("c", None)]);
    assert!(matches!(write(&store, &late).await, Err(StoreError::Conflict)));
    assert_eq!(store.undo_since(0).await.unwrap(), undo(&records));
}

pub(crate) async fn a_change_without_history_leaves_a_gap(place: &Place) {
    let store = place.open().await;
    write(&store, &record(1, NOW, &[("a", None)])).await.unwrap();
    store.write_catalog(1, &[], Some(1)).await.unwrap();
    write(&store, &record(3, later(20), &[("a", None)])).await.unwrap();
    let undo = store.undo_since(0).await.unwrap();
    assert_eq!((undo.current, undo.versions.as_slice()), (3, &[3, 1][..]));
    assert!(undo.reaches(2) && !undo.reaches(1));
}

pub(crate) async fn old_versions_are_deleted_with_their_rows(place: &Place) {
    let store = place.open().await;
    let records = three(&store).await;
    assert_eq!(store.prune_catalog_history(NOW).await.unwrap(), 0);
    assert_eq!(store.prune_catalog_history(later(20)).await.unwrap(), 2);
    assert_eq!(store.undo_since(0).await.unwrap(), undo(&records[2..]));
    assert_eq!(store.prune_catalog_history(later(21)).await.unwrap(), 1);
    assert_eq!(store.undo_since(0).await.unwrap(), undo(&[]));
    if place.is_database() {
        assert_eq!(place.count("catalog_before").await, 0);
    }
}

pub(crate) async fn each_owner_has_its_last_applied_file(place: &Place) {
    let store = place.open().await;
    let team = Owner::of_file("team").unwrap();
    let applied = |version, content| AppliedFile { version, content };
    let mark = async |expected, owner, file| {
        let files = [FileMark { owner, file }];
        let write = CatalogWrite { files: &files, ..CatalogWrite::new(expected, &[], NOW) };
        store.edit_catalog(&write).await.unwrap();
    };
    assert_eq!(store.catalog_file(team).await.unwrap(), AppliedFile::default());
    mark(0, Owner::File, applied(7, AppliedContent::Sha256([1; 32]))).await;
    mark(1, team, applied(2, AppliedContent::Sha256([2; 32]))).await;
    assert_eq!(
        store.catalog_file(Owner::File).await.unwrap(),
        applied(7, AppliedContent::Sha256([1; 32]))
    );
    assert_eq!(
        store.catalog_file(team).await.unwrap(),
        applied(2, AppliedContent::Sha256([2; 32]))
    );
    assert_eq!(store.catalog_file_version().await.unwrap(), 7);
    mark(2, team, applied(2, AppliedContent::RolledBack)).await;
    mark(3, Owner::File, applied(8, AppliedContent::Unknown)).await;
    assert_eq!(store.catalog_file(team).await.unwrap(), applied(2, AppliedContent::RolledBack));
    assert_eq!(store.catalog_file(Owner::File).await.unwrap(), applied(8, AppliedContent::Unknown));
}
