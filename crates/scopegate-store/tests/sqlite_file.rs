//! What only a file can have: a mode, a place, another process that holds it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{CatalogStore, Change, Ledger, StoreError, Vault};
use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

async fn open(path: &Path) -> Result<SqlStore, OpenError> {
    open_with_patience(path, Duration::from_secs(60)).await
}

async fn open_with_patience(path: &Path, patience: Duration) -> Result<SqlStore, OpenError> {
    let options = StoreOptions::default().patience(patience).trust(Duration::ZERO);
    SqlStore::open(&StoreUrl::sqlite(path), &options).await
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
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
    // Who reads may trust for long that the file is there; who writes looks each time.
    let trusting = StoreOptions::default().trust(Duration::from_secs(3600));
    let trusting = SqlStore::open(&StoreUrl::sqlite(&path), &trusting).await.unwrap();
    trusting.commit(&[use_assertion("0")]).await.unwrap();
    store.commit(&[use_assertion("1")]).await.unwrap();

    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    fs::copy(&away, &path).unwrap();
    for store in [&store, &trusting] {
        let lost = store.commit(&[use_assertion("2")]).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    }
    assert!(matches!(store.catalog_version().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_read_only_file_does_not_serve() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = open(&path).await.unwrap();
    store.ping().await.unwrap();

    // The trigger stands for a file system that has been mounted read-only.
    let mut other = connect(&path).await;
    let refuse = "CREATE TRIGGER read_only BEFORE INSERT ON vault \
                  BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END";
    sqlx::raw_sql(refuse).execute(&mut other).await.unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    store.catalog_since(0).await.expect("it still can be read");

    sqlx::raw_sql("DROP TRIGGER read_only").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let patient = open(&path).await.unwrap();
    // A slow machine may take longer than that to open it.
    let store = loop {
        if let Ok(store) = open_with_patience(&path, Duration::from_millis(300)).await {
            break store;
        }
    };
    let mut other = connect(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let changes = [use_assertion("1")];
    let waited = store.commit(&changes).await;
    assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    patient.catalog_since(0).await.expect("readers wait for no writer");

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    patient.commit(&changes).await.unwrap();
}
