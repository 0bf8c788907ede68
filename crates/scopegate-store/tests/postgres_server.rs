//! What only a server can do: refuse a password, hang, or refuse writes.
//!
//! `scripts/postgres cargo test -p scopegate-store -- --include-ignored`
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::str::FromStr;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{
    CatalogStore, Change, InstallationStore, Ledger, StoreError, Versions,
};
use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};
use scopegate_testkit::UncheckedCatalog;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::net::TcpListener;

fn server() -> String {
    std::env::var("SCOPEGATE_TEST_POSTGRES_URL").expect(
        "SCOPEGATE_TEST_POSTGRES_URL is not set: run \
         `scripts/postgres cargo test -p scopegate-store -- --include-ignored`",
    )
}

/// Longer than any test takes, however slow the machine is.
const LONG: Duration = Duration::from_secs(120);

async fn open(url: &str) -> Result<SqlStore, OpenError> {
    open_with_patience(url, LONG).await
}

async fn open_with_patience(url: &str, patience: Duration) -> Result<SqlStore, OpenError> {
    let options = StoreOptions::default().connections(2).patience(patience);
    SqlStore::open(&StoreUrl::parse(url).unwrap(), &options).await
}

async fn run(statement: &str) {
    let mut connection = PgConnectOptions::from_str(&server()).unwrap().connect().await.unwrap();
    let script = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    script.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A store in a database of its own, whose name has the test's name and the process id.
async fn own_database(name: &str) -> (String, SqlStore) {
    let name = format!("{name}_{}", std::process::id());
    run(&format!("CREATE DATABASE {name}")).await;
    let (rest, _) = server().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let store = open(&format!("{rest}/{name}")).await.unwrap();
    (name, store)
}

fn use_assertion(jti: &str) -> [Change; 1] {
    let client = ClientId::parse("a").unwrap();
    [Change::UseAssertion { client, jti: jti.into(), expires_at: UnixTime::MAX }]
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_refused_password_is_told_in_one_line_and_not_shown() {
    let server = server();
    let (user, place) = server.split_once('@').unwrap();
    let (user, _) = user.rsplit_once(':').unwrap();
    let error = open(&format!("{user}:hunter2@{place}")).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("password authentication failed"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_server_that_says_nothing_is_given_up() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let url = format!("postgres://sg:hunter2@127.0.0.1:{port}/sg");
    let opening = open_with_patience(&url, Duration::from_millis(300));
    let error = tokio::time::timeout(LONG, opening).await.expect("given up").unwrap_err();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_server_that_takes_no_writes_does_not_serve() {
    let (name, store) = own_database("standby").await;
    store.ping().await.unwrap();
    run(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    ))
    .await;
    let ping = store.ping().await;
    assert!(matches!(ping, Err(StoreError::Unavailable(_))), "{ping:?}");
    let commit = store.commit(&use_assertion("1")).await;
    assert!(matches!(commit, Err(StoreError::Unavailable(_))), "{commit:?}");
    assert_eq!(store.catalog_version().await.unwrap(), 0);
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_lock_of_somebody_else_is_waited_for_a_while_only() {
    let (name, store) = own_database("locked").await;
    let other = PgConnectOptions::from_str(&server()).unwrap().database(&name);
    let mut other = other.connect().await.unwrap();
    let hold = "BEGIN; LOCK TABLE used_assertion IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(hold).execute(&mut other).await.unwrap();
    let changes = use_assertion("1");
    let commit = tokio::time::timeout(LONG, store.commit(&changes)).await.expect("given up");
    assert!(matches!(commit, Err(StoreError::Unavailable(_))), "{commit:?}");

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.commit(&use_assertion("1")).await.unwrap();
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn listening_takes_no_connection_from_the_pool() {
    let (_, store) = own_database("listening").await;
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.wait_for_change_after(Versions::default()).await })
        })
        .collect();
    for number in 0..10 {
        store.commit(&use_assertion(&number.to_string())).await.unwrap();
    }
    store.write_catalog(0, &[], None).await.unwrap();
    for waiter in waiting {
        let seen = tokio::time::timeout(LONG, waiter).await;
        assert_eq!(seen.expect("seen in time").unwrap().unwrap().catalog, 1);
    }
}
