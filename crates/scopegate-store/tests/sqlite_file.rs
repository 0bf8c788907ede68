//! What only a file can have: a mode, a path, and another process that locks it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use scopegate_claims::UnixTime;
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{
    CatalogStore, Change, InstallationStore, Ledger, StoreError, Upkeep, Versions,
};
use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};

async fn open(path: &Path) -> Result<SqlStore, OpenError> {
    open_with_patience(path, Duration::from_secs(60)).await
}

async fn open_with_patience(path: &Path, patience: Duration) -> Result<SqlStore, OpenError> {
    let options = StoreOptions::default().patience(patience);
    SqlStore::open(&StoreUrl::sqlite(path), &options).await
}

fn connect(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn use_assertion(jti: &str) -> Change {
    let client = ClientId::parse("a").unwrap();
    Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }
}

#[tokio::test]
async fn the_file_its_log_and_its_folder_belong_to_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a").join("scopegate-data");
    let store = open(&data.join("s.db")).await.unwrap();
    store.commit(&[use_assertion("1")]).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(data.parent().unwrap()), 0o700);
    for file in ["s.db", "s.db-wal", "s.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let text = open(&file.join("s.db")).await.unwrap_err().to_string();
    let plain =
        format!("cannot write `{}`: a file stands where a folder is needed", file.display());
    assert_eq!(text, plain);
    for place in [file.join("s.db"), file.join("a/s.db"), folder.path().to_owned()] {
        let error = open(&place).await.unwrap_err();
        assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("cannot write `{}", folder.path().display())), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_file_of_another_kind_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let text = "Dear diary, ".repeat(100);
    fs::write(&path, &text).unwrap();
    let error = open(&path).await.unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn what_is_confirmed_is_in_the_files_of_a_process_that_dies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path).await.unwrap();
    store.commit(&[use_assertion("1")]).await.unwrap();

    let found = folder.path().join("found.db");
    fs::copy(&path, &found).unwrap();
    fs::copy(folder.path().join("s.db-wal"), folder.path().join("found.db-wal")).unwrap();
    let next = open(&found).await.unwrap();
    let replay = next.commit(&[use_assertion("1")]).await;
    assert!(matches!(replay, Err(StoreError::Conflict)), "{replay:?}");
}

#[tokio::test]
async fn a_file_that_was_replaced_takes_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path).await.unwrap();
    store.commit(&[use_assertion("1")]).await.unwrap();

    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    fs::copy(&away, &path).unwrap();
    let lost = store.commit(&[use_assertion("2")]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    // Now that it is known, nothing is read from the old file either.
    assert!(matches!(store.catalog_version().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_server_that_only_reads_notices_that_the_file_is_gone_and_that_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, away) = (folder.path().join("s.db"), folder.path().join("away.db"));
    let store = open(&path).await.unwrap();
    fs::rename(&path, &away).unwrap();
    // As each server does, it waits for changes of the catalog.
    let watching = store.wait_for_change_after(Versions::default()).await;
    assert!(matches!(watching, Err(StoreError::Unavailable(_))), "{watching:?}");
    assert!(matches!(store.catalog_version().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.catalog_since(0).await, Err(StoreError::Unavailable(_))));

    fs::rename(&away, &path).unwrap();
    let watching = store.wait_for_change_after(Versions::default());
    tokio::time::timeout(Duration::from_millis(1), watching).await.unwrap_err();
    assert_eq!(store.catalog_version().await.unwrap(), 0);
}

#[tokio::test]
async fn a_read_only_file_does_not_serve() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path).await.unwrap();
    store.ping().await.unwrap();

    // The trigger stands for a file system that has been mounted read-only.
    let other = connect(&path);
    let refuse = "CREATE TRIGGER read_only BEFORE INSERT ON vault \
                  BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END";
    other.execute_batch(refuse).unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    store.catalog_since(0).await.expect("it still can be read");

    other.execute_batch("DROP TRIGGER read_only").unwrap();
    drop(other);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let patient = open(&path).await.unwrap();
    // A slow machine may take longer than this to open it.
    let store = loop {
        if let Ok(store) = open_with_patience(&path, Duration::from_millis(300)).await {
            break store;
        }
    };
    let other = connect(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let changes = [use_assertion("1")];
    let waited = store.commit(&changes).await;
    assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    patient.catalog_since(0).await.expect("readers wait for no writer");

    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    patient.commit(&changes).await.unwrap();
}

/// Writes audit events whose ids were made in consecutive seconds since 1970.
fn fill_with_audit_events(path: &Path, rows: u32) {
    let connection = connect(path);
    let fill = format!(
        "WITH RECURSIVE row(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < {rows}) \
         INSERT INTO audit_event (id, happened_at, server, client, body) \
         SELECT printf('%08x-%04x-7000-8000-%012x', (n * 1000) >> 16, (n * 1000) & 65535, n), \
         n, 'default', 'reader', printf('%.300c', 'x') FROM row"
    );
    connection.execute_batch(&fill).unwrap();
}

fn made_before(seconds: u64) -> DecisionId {
    DecisionId::first_at(UnixTime::from_seconds(seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_audit_table_is_pruned_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let (url, options) = (StoreUrl::sqlite(&path), StoreOptions::default());
    let open = || SqlStore::open(&url, &options);
    open().await.unwrap().close().await;
    fill_with_audit_events(&path, 100_000);

    let store = open().await.unwrap();
    let pruning = tokio::spawn({
        let store = store.clone();
        async move { store.prune_audit(made_before(90_001)).await }
    });
    let mut commits = 0;
    while !pruning.is_finished() {
        store.commit(&[use_assertion(&commits.to_string())]).await.unwrap();
        commits += 1;
    }
    assert_eq!(pruning.await.unwrap().unwrap(), 90_000);
    assert_eq!(store.prune_audit(made_before(200_000)).await.unwrap(), 10_000, "they were left");
}

#[tokio::test]
async fn a_disk_that_fills_up_while_events_are_deleted_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path).await.unwrap();
    fill_with_audit_events(&path, 1000);
    // The trigger stands for a disk that is full after the first five hundred rows.
    let other = connect(&path);
    let fails = "CREATE TRIGGER full BEFORE DELETE ON audit_event WHEN old.happened_at > 500 \
                 BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    other.execute_batch(fails).unwrap();
    let failed = store.prune_audit(made_before(901)).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    store.commit(&[use_assertion("1")]).await.expect("the server goes on");

    other.execute_batch("DROP TRIGGER full").unwrap();
    drop(other);
    let rest = store.prune_audit(made_before(901)).await.unwrap();
    assert!((400..900).contains(&rest), "{rest}: what was deleted before stays deleted");
    assert_eq!(store.prune_audit(made_before(2000)).await.unwrap(), 100);
}
