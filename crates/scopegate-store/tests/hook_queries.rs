//! Queries of token hooks on real databases. Those on PostgreSQL need a server:
//! `scripts/postgres cargo test -p scopegate-store -- --include-ignored`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scopegate_core::catalog::{SqlHook, TokenKind};
use scopegate_core::hooks::{HookFailure, HookSql, SqlCall, SqlFailure};
use scopegate_store::{HookConnections, SqlStore, StoreOptions, StoreUrl};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::time::Instant;

/// A database of the company, and the hooks that may query it as `billing`.
struct World {
    connections: Arc<HookConnections>,
    /// The URL of the database, if it is of PostgreSQL.
    url: String,
    /// Kept until the test ends.
    folder: TempDir,
}

const PATIENCE: Duration = Duration::from_secs(30);

fn hook(query: &str, columns: &[&str]) -> SqlHook {
    let claim = |column: &&str| ((*column).to_owned(), (*column).to_owned());
    SqlHook {
        connection: "billing".to_owned(),
        query: query.to_owned(),
        parameters: Vec::new(),
        claims: columns.iter().map(claim).collect(),
        tokens: vec![TokenKind::Access],
    }
}

type Answer = Result<BTreeMap<String, Value>, SqlFailure>;

async fn within(
    connections: &HookConnections,
    (query, columns): (&str, &[&str]),
    parameters: &[Value],
    patience: Duration,
) -> Answer {
    let hook = hook(query, columns);
    let call = SqlCall { hook: &hook, parameters, ends_at: Instant::now() + patience };
    match connections.query(call).await {
        Ok(columns) => Ok(columns),
        Err(HookFailure::Sql(failure)) => Err(failure),
        Err(other) => panic!("{other:?}"),
    }
}

impl World {
    async fn ask(&self, query: &str, columns: &[&str], parameters: &[Value]) -> Answer {
        within(&self.connections, (query, columns), parameters, PATIENCE).await
    }
}

async fn own_store(folder: &TempDir) -> SqlStore {
    let url = StoreUrl::sqlite(folder.path().join("own.db"));
    SqlStore::open(&url, &StoreOptions::default()).await.unwrap()
}

const TABLE: &str = "CREATE TABLE accounts (id integer, login text, plan text, seats integer, ratio double precision);
    INSERT INTO accounts VALUES (1, 'alice', 'gold', 7, 1.5), (2, 'bob', NULL, 0, 0.0), (2, 'bob', 'iron', 1, 0.0);";

async fn sqlite() -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(TABLE).unwrap();
    let url = ("billing".to_owned(), StoreUrl::sqlite(path));
    let connections = HookConnections::new(&own_store(&folder).await, [url]);
    World { connections: Arc::new(connections), url: String::new(), folder }
}

fn server() -> String {
    let server = std::env::var("SCOPEGATE_TEST_POSTGRES_URL").unwrap_or_default();
    assert!(!server.is_empty(), "SCOPEGATE_TEST_POSTGRES_URL is not set: run scripts/postgres");
    server
}

async fn run(options: &PgConnectOptions, statements: &str) {
    let mut connection = options.connect().await.unwrap();
    let statements = AssertSqlSafe(statements.to_owned());
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A database of its own, and its URL.
async fn database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("hooks_{}_{number}", std::process::id());
    let options = PgConnectOptions::from_str(&server()).unwrap();
    run(&options, &format!("CREATE DATABASE {name}")).await;
    let (address, _) =
        server().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!("{address}/{name}")
}

async fn postgres() -> World {
    let url = database().await;
    run(&PgConnectOptions::from_str(&url).unwrap(), TABLE).await;
    let folder = tempfile::tempdir().unwrap();
    let named = ("billing".to_owned(), StoreUrl::parse(&url).unwrap());
    let connections = HookConnections::new(&own_store(&folder).await, [named]);
    World { connections: Arc::new(connections), url, folder }
}

/// The rules that both databases keep.
async fn one_row_gives_the_columns(world: &World) {
    let query = "SELECT plan, seats, ratio FROM accounts WHERE login = $1";
    let columns = ["plan", "seats", "ratio"];
    let row = world.ask(query, &columns, &[json!("alice")]).await.unwrap();
    let expected = [("plan", json!("gold")), ("seats", json!(7)), ("ratio", json!(1.5))];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(row, BTreeMap::from(expected));
    let null = world.ask("SELECT plan FROM accounts WHERE seats = 0", &["plan"], &[]).await;
    assert_eq!(null.unwrap()["plan"], Value::Null);
}

async fn parameters_have_types(world: &World) {
    let query = "SELECT login FROM accounts WHERE id = $2 AND login = $1 AND ratio = $3";
    let parameters = [json!("alice"), json!(1), json!(1.5)];
    let row = world.ask(query, &["login"], &parameters).await.unwrap();
    assert_eq!(row["login"], "alice");
    // A text is never a part of the statement.
    let evil = [json!("x' OR '1'='1"), json!(1), json!(1.5)];
    assert_eq!(world.ask(query, &["login"], &evil).await, Err(SqlFailure::NoRow));
}

async fn none_and_many_rows_are_failures(world: &World) {
    let query = "SELECT plan FROM accounts WHERE login = $1";
    assert_eq!(world.ask(query, &["plan"], &[json!("eve")]).await, Err(SqlFailure::NoRow));
    assert_eq!(world.ask(query, &["plan"], &[json!("bob")]).await, Err(SqlFailure::ManyRows));
    let missing = world.ask("SELECT plan FROM accounts WHERE id = 1", &["price"], &[]).await;
    assert_eq!(missing, Err(SqlFailure::NoColumn("price".to_owned())));
    // The connection is in order after each failure.
    assert!(world.ask(query, &["plan"], &[json!("alice")]).await.is_ok());
}

async fn nothing_is_written(world: &World) {
    for query in [
        "DELETE FROM accounts",
        "UPDATE accounts SET plan = 'gold' RETURNING plan",
        "INSERT INTO accounts VALUES (9, 'eve', 'gold', 1, 1.0) RETURNING plan",
        "CREATE TABLE other (id integer)",
        "DROP TABLE accounts",
        "SELECT plan FROM accounts; DELETE FROM accounts",
    ] {
        let refused = world.ask(query, &["plan"], &[]).await;
        assert!(matches!(refused, Err(SqlFailure::Failed(_))), "{query}: {refused:?}");
    }
    let rows = world.ask("SELECT count(*) AS rows FROM accounts", &["rows"], &[]).await;
    assert_eq!(rows.unwrap()["rows"], 3);
}

async fn a_query_that_fails_tells_a_code_and_no_value(world: &World) {
    for query in ["SELECT secret_column FROM accounts", "SELECT 'private' FROM nowhere", "SELEC"] {
        match world.ask(query, &["plan"], &[]).await {
            Err(SqlFailure::Failed(text)) => assert!(!text.contains("private"), "{text}"),
            other => panic!("{query}: {other:?}"),
        }
    }
    let hook = SqlHook { connection: "stock".to_owned(), ..hook("SELECT 1", &["a"]) };
    let call = SqlCall { hook: &hook, parameters: &[], ends_at: Instant::now() + PATIENCE };
    let unknown = world.connections.query(call).await.unwrap_err();
    assert_eq!(unknown.label(), "sql_unknown_connection");
}

macro_rules! on_both {
    ($($rule:ident)+) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    super::$rule(&super::sqlite().await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "run by scripts/test"]
                async fn $rule() {
                    super::$rule(&super::postgres().await).await;
                }
            )+
        }
    };
}

on_both! {
    one_row_gives_the_columns
    parameters_have_types
    none_and_many_rows_are_failures
    nothing_is_written
    a_query_that_fails_tells_a_code_and_no_value
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_store_of_sqlite_is_refused_by_any_path() {
    let folder = tempfile::tempdir().unwrap();
    let own = own_store(&folder).await;
    let at = |path: &str| folder.path().join(path);
    let (link, hard) = (at("link.db"), at("hard.db"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("own.db"), &link).unwrap();
    std::fs::hard_link(at("own.db"), &hard).unwrap();
    std::fs::create_dir(at("sub")).unwrap();
    for path in [at("own.db"), link, hard, at("sub/../own.db")] {
        let shown = path.display().to_string();
        let url = ("billing".to_owned(), StoreUrl::sqlite(path));
        let connections = HookConnections::new(&own, [url]);
        let query = ("SELECT 1 AS one", &["one"][..]);
        let refused = within(&connections, query, &[], PATIENCE).await;
        assert_eq!(refused, Err(SqlFailure::OwnStore), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_sqlite_cannot_attach_the_own_store() {
    let world = sqlite().await;
    let path = world.folder.path().join("own.db").display().to_string();
    for query in [format!("ATTACH DATABASE '{path}' AS own"), "PRAGMA query_only = OFF".to_owned()]
    {
        assert!(world.ask(&query, &["a"], &[]).await.is_err(), "{query}");
    }
    let read = world.ask("SELECT count(*) AS rows FROM own.users", &["rows"], &[]).await;
    assert!(matches!(read, Err(SqlFailure::Failed(_))), "{read:?}");
    nothing_is_written(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_no_database_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let own = own_store(&folder).await;
    std::fs::write(folder.path().join("text.db"), "no database ".repeat(1000)).unwrap();
    for name in ["missing.db", "text.db"] {
        let url = ("billing".to_owned(), StoreUrl::sqlite(folder.path().join(name)));
        let connections = HookConnections::new(&own, [url]);
        let query = ("SELECT plan FROM accounts", &["plan"][..]);
        assert!(within(&connections, query, &[], PATIENCE).await.is_err(), "{name}");
    }
    assert!(!folder.path().join("missing.db").exists(), "a query makes no file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_no_claim_has_is_a_failure() {
    let world = sqlite().await;
    for query in ["SELECT x'00ff' AS a", "SELECT 9e999 AS a"] {
        let wrong = world.ask(query, &["a"], &[]).await;
        assert_eq!(wrong, Err(SqlFailure::Type("a".to_owned())), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_sqlite_ends_when_nobody_waits_for_it() {
    let world = sqlite().await;
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS a FROM n";
    for _ in 0..10 {
        let ended =
            tokio::time::timeout(Duration::from_millis(20), world.ask(endless, &["a"], &[]));
        assert!(ended.await.is_err());
    }
    // More queries than connections were dropped: each was interrupted and gave its place back.
    let query = "SELECT plan FROM accounts WHERE id = 1";
    assert!(world.ask(query, &["plan"], &[]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn the_own_store_of_postgres_is_refused_by_any_address() {
    let url = database().await;
    let own = StoreUrl::parse(&url).unwrap();
    let own = SqlStore::open(&own, &StoreOptions::default()).await.unwrap();
    let other = database().await;
    let by_name = url.replace("127.0.0.1", "localhost");
    let with_schema = format!("{url}?application_name=x");
    // A role that may do nothing but connect.
    let role = format!("reader_{}", std::process::id());
    let options = PgConnectOptions::from_str(&server()).unwrap();
    run(&options, &format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'")).await;
    let as_reader =
        |url: &str| format!("postgres://{role}:reader@{}", url.rsplit_once('@').unwrap().1);
    let (own_as_reader, other_as_reader) = (as_reader(&url), as_reader(&other));
    for (url, is_own) in [
        (url, true),
        (by_name, true),
        (with_schema, true),
        (own_as_reader, true),
        (other, false),
        (other_as_reader, false),
    ] {
        let connections =
            HookConnections::new(&own, [("billing".to_owned(), StoreUrl::parse(&url).unwrap())]);
        let query = ("SELECT 1 AS one", &["one"][..]);
        let answer = within(&connections, query, &[], PATIENCE).await;
        assert_eq!(answer == Err(SqlFailure::OwnStore), is_own, "{answer:?}");
        assert_eq!(answer.is_ok(), !is_own, "{answer:?}");
    }
    own.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn postgres_has_types_of_its_own() {
    let world = postgres().await;
    let value = async |expression: &str| {
        let query = format!("SELECT {expression} AS a");
        world.ask(&query, &["a"], &[]).await.map(|mut row| row.remove("a").unwrap())
    };
    for (expression, expected) in [
        ("true", json!(true)),
        ("7::smallint", json!(7)),
        ("7::bigint", json!(7)),
        ("1.5::real", json!(1.5)),
        ("'x'::varchar(9)", json!("x")),
        ("ARRAY['a','b']", json!(["a", "b"])),
        ("ARRAY[1,2]", json!([1, 2])),
        ("'{\"a\":[1]}'::jsonb", json!({ "a": [1] })),
        ("'{\"a\":[1]}'::json", json!({ "a": [1] })),
        (
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ),
        ("NULL::uuid", Value::Null),
    ] {
        assert_eq!(value(expression).await, Ok(expected), "{expression}");
    }
    for expression in ["now()", "1.5::numeric", "'x'::bytea", "'NaN'::float8"] {
        assert_eq!(value(expression).await, Err(SqlFailure::Type("a".to_owned())), "{expression}");
    }
    let lists = "SELECT cardinality($1) + cardinality($2) AS a";
    let row = world.ask(lists, &["a"], &[json!(["x", "y"]), json!([1])]).await.unwrap();
    assert_eq!(row["a"], 3);
    let mixed = world.ask("SELECT $1 AS a", &["a"], &[json!(["x", 1])]).await;
    assert_eq!(mixed, Err(SqlFailure::Parameter(1)));
    let cast = "SELECT $1::uuid AS a";
    let id = json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    assert_eq!(world.ask(cast, &["a"], std::slice::from_ref(&id)).await.unwrap()["a"], id);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn postgres_ends_a_query_at_its_deadline_and_reads_only_whatever_the_query_sets() {
    let world = postgres().await;
    let slow = ("SELECT pg_sleep(60)::text AS a", &["a"][..]);
    let ended = within(&world.connections, slow, &[], Duration::from_millis(200)).await;
    assert_eq!(ended, Err(SqlFailure::Failed("57014".to_owned())), "query_canceled");
    for query in [
        "SELECT set_config('transaction_read_only', 'off', true) AS a",
        "COMMIT",
        "SET default_transaction_read_only = off",
    ] {
        assert!(world.ask(query, &["a"], &[]).await.is_err(), "{query}");
    }
    nothing_is_written(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by scripts/test"]
async fn if_all_connections_are_in_use_a_query_fails_at_its_deadline() {
    let world = postgres().await;
    // The queries wait for a lock that the test holds.
    let options = PgConnectOptions::from_str(&server()).unwrap();
    let database = world.url.rsplit_once('/').unwrap().1;
    let mut holder: PgConnection = options.database(database).connect().await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_lock(7)").execute(&mut holder).await.unwrap();
    let busy: Vec<_> = (0..8)
        .map(|_| {
            let connections = Arc::clone(&world.connections);
            tokio::spawn(async move {
                let waits = "SELECT 1 AS a FROM (SELECT pg_advisory_lock_shared(7)) AS waits";
                within(&connections, (waits, &["a"][..]), &[], PATIENCE).await.is_ok()
            })
        })
        .collect();
    let waiting =
        "SELECT count(*)::bigint FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut holder).await.unwrap() < 8 {
        tokio::task::yield_now().await;
    }
    let query = ("SELECT 1 AS a", &["a"][..]);
    let none = within(&world.connections, query, &[], Duration::from_millis(50)).await;
    assert_eq!(none, Err(SqlFailure::Busy));
    holder.close().await.unwrap();
    for one in busy {
        assert!(one.await.unwrap());
    }
}
