//! The storage of one test.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scopegate_core::catalog::{RowKey, StoredRow};
use scopegate_core::store::Store;
use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};
use scopegate_testkit::MemoryStore;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::wire::Wire;

pub(crate) struct Place(Kind);

/// A process that uses the storage.
pub(crate) type Node = Arc<dyn Store>;

enum Kind {
    Memory(MemoryStore),
    Postgres { server: String, schema: String, wire: Wire },
    Sqlite { folder: TempDir },
}

impl Place {
    pub(crate) fn memory() -> Self {
        Self(Kind::Memory(MemoryStore::default()))
    }

    pub(crate) fn sqlite() -> Self {
        Self(Kind::Sqlite { folder: tempfile::tempdir().unwrap() })
    }

    /// A schema of its own, over a network connection that can be cut.
    pub(crate) async fn postgres() -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("SCOPEGATE_TEST_POSTGRES_URL").unwrap_or_default();
        assert!(
            !server.is_empty(),
            "SCOPEGATE_TEST_POSTGRES_URL is not set: run \
             `scripts/postgres cargo test -p scopegate-store -- --include-ignored`",
        );
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        let options = PgConnectOptions::from_str(&server).unwrap();
        let wire = Wire::to(options.get_host(), options.get_port()).await;
        let place = Self(Kind::Postgres { server, schema: schema.clone(), wire });
        place.run_at_server(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
        place.run_at_server(&format!("CREATE SCHEMA {schema}")).await;
        place
    }

    pub(crate) async fn clear_away(&self) {
        if let Kind::Postgres { schema, .. } = &self.0 {
            self.run_at_server(&format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }

    pub(crate) fn is_database(&self) -> bool {
        !matches!(self.0, Kind::Memory(_))
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.0, Kind::Postgres { .. })
    }

    /// Opens the store as another process would.
    pub(crate) async fn open(&self) -> Node {
        self.open_with(&patient()).await
    }

    pub(crate) async fn open_with(&self, options: &StoreOptions) -> Node {
        self.try_open_with(options).await.unwrap()
    }

    pub(crate) async fn try_open_with(&self, options: &StoreOptions) -> Result<Node, OpenError> {
        Ok(match &self.0 {
            Kind::Memory(store) => Arc::new(store.clone()),
            Kind::Postgres { .. } | Kind::Sqlite { .. } => {
                Arc::new(SqlStore::open(&self.url(), options).await?)
            }
        })
    }

    /// Opens the database.
    pub(crate) async fn open_sql(&self) -> SqlStore {
        SqlStore::open(&self.url(), &patient()).await.unwrap()
    }

    /// Where the database is.
    pub(crate) fn url(&self) -> StoreUrl {
        match &self.0 {
            Kind::Memory(_) => panic!("memory has no URL"),
            Kind::Postgres { server, schema, wire } => {
                let options = PgConnectOptions::from_str(server).unwrap();
                let here = format!("{}:{}", options.get_host(), options.get_port());
                assert!(server.contains(&here), "SCOPEGATE_TEST_POSTGRES_URL names host:port");
                let server = server.replace(&here, &format!("127.0.0.1:{}", wire.port()));
                let joint = if server.contains('?') { '&' } else { '?' };
                // No test fails because the machine is slow.
                let options = format!(
                    "-csearch_path%3D{schema} -clock_timeout%3D60s -cstatement_timeout%3D60s"
                )
                .replace(' ', "%20");
                let url = format!("{server}{joint}application_name={schema}&options={options}");
                StoreUrl::parse(&url).unwrap()
            }
            Kind::Sqlite { .. } => StoreUrl::sqlite(self.file()),
        }
    }

    fn file(&self) -> PathBuf {
        let Kind::Sqlite { folder } = &self.0 else { panic!("only SQLite has a file") };
        folder.path().join("data").join("scopegate.db")
    }

    /// Keeps commits from finishing until [`Held::give_up`].
    pub(crate) async fn hold_commits(&self) -> Held<'_> {
        let hold = match &self.0 {
            Kind::Memory(store) => {
                store.hold_commits();
                Hold::Memory(store)
            }
            Kind::Postgres { schema, .. } => {
                let mut connection = self.server_connection().await;
                let lock = "BEGIN; LOCK TABLE audit_event IN EXCLUSIVE MODE";
                sqlx::raw_sql(lock).execute(&mut connection).await.unwrap();
                Hold::Postgres(connection, schema)
            }
            Kind::Sqlite { .. } => {
                let connection = self.sqlite_connection();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Hold::Sqlite(connection)
            }
        };
        Held(hold)
    }

    /// Waits until a store listens to PostgreSQL, and returns another listener.
    pub(crate) async fn listen_beside<T>(&self, waiting: &JoinHandle<T>) -> Option<PgListener> {
        let Kind::Postgres { server, schema, .. } = &self.0 else { return None };
        let listening = "SELECT count(*) FROM pg_stat_activity \
                         WHERE application_name = $1 AND query LIKE 'LISTEN%'";
        let mut connection = self.server_connection().await;
        while count_of(&mut connection, listening, schema).await == 0 {
            assert!(!waiting.is_finished());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut listener = PgListener::connect(server).await.unwrap();
        listener.listen("scopegate_catalog").await.unwrap();
        Some(listener)
    }

    /// Waits until all commits that were begun through a store have ended.
    pub(crate) async fn settle(&self, store: &Node) {
        // SQLite writes in the order of the calls.
        store.ping().await.unwrap();
        let Kind::Postgres { schema, .. } = &self.0 else { return };
        let busy = "SELECT count(*) FROM pg_stat_activity \
                    WHERE application_name = $1 AND state <> 'idle'";
        let mut connection = self.server_connection().await;
        while count_of(&mut connection, busy, schema).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Makes the database unreachable for stores that are open and for new ones.
    pub(crate) async fn break_down(&self) {
        match &self.0 {
            Kind::Memory(store) => store.break_down(),
            Kind::Postgres { wire, .. } => wire.cut().await,
            Kind::Sqlite { folder } => {
                std::fs::rename(folder.path().join("data"), folder.path().join("away")).unwrap();
            }
        }
    }

    pub(crate) async fn repair(&self) {
        match &self.0 {
            Kind::Memory(store) => store.repair(),
            Kind::Postgres { wire, .. } => wire.mend().await,
            Kind::Sqlite { folder } => {
                std::fs::rename(folder.path().join("away"), folder.path().join("data")).unwrap();
            }
        }
    }

    /// Runs a statement without the store.
    pub(crate) async fn run(&self, statement: &str) {
        match &self.0 {
            Kind::Memory(_) => panic!("memory speaks no SQL"),
            Kind::Postgres { .. } => self.run_at_server(statement).await,
            Kind::Sqlite { .. } => self.sqlite_connection().execute_batch(statement).unwrap(),
        }
    }

    /// Writes rows of the catalog as another version of this program would, as its next version.
    pub(crate) async fn write_rows(&self, rows: &[StoredRow]) {
        if let Kind::Memory(store) = &self.0 {
            return store.write_rows(rows.iter().cloned());
        }
        self.run("UPDATE catalog_state SET version = version + 1").await;
        let quoted = |text: Option<&String>| match text {
            Some(text) => format!("'{}'", text.replace('\'', "''")),
            None => "NULL".to_owned(),
        };
        for (ordinal, StoredRow { key, format, owner, body }) in rows.iter().enumerate() {
            let RowKey { kind, parent, name } = key;
            let (owner, body) = (quoted(owner.as_ref()), quoted(body.as_ref()));
            let row = format!("kind = '{kind}' AND parent = '{parent}' AND name = '{name}'");
            self.run(&format!(
                "DELETE FROM catalog_entity WHERE {row}; \
                 INSERT INTO catalog_entity \
                 (kind, parent, name, format, owner, version, ordinal, body) \
                 SELECT '{kind}', '{parent}', '{name}', {format}, {owner}, version, {ordinal}, {body} \
                 FROM catalog_state"
            ))
            .await;
        }
    }

    /// Counts the rows of a table, or of a part of it.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM {table}");
        match &self.0 {
            Kind::Memory(store) => rows(store, table).try_into().unwrap(),
            Kind::Postgres { .. } => {
                let mut connection = self.server_connection().await;
                let counting = sqlx::query(AssertSqlSafe(statement));
                counting.fetch_one(&mut connection).await.unwrap().get(0)
            }
            Kind::Sqlite { .. } => {
                let connection = self.sqlite_connection();
                connection.query_row(&statement, [], |row| row.get(0)).unwrap()
            }
        }
    }

    async fn run_at_server(&self, statement: &str) {
        let mut connection = self.server_connection().await;
        let script = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        script.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn server_connection(&self) -> PgConnection {
        let Kind::Postgres { server, schema, .. } = &self.0 else {
            panic!("only PostgreSQL has a server")
        };
        let options = PgConnectOptions::from_str(server).unwrap();
        let quiet = [("search_path", schema.as_str()), ("client_min_messages", "warning")];
        options.options(quiet).connect().await.unwrap()
    }

    fn sqlite_connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

/// No operation fails because the machine is slow.
pub(crate) fn patient() -> StoreOptions {
    StoreOptions::default().patience(Duration::from_secs(60))
}

/// Commits that are kept from finishing.
pub(crate) struct Held<'a>(Hold<'a>);

enum Hold<'a> {
    Memory(&'a MemoryStore),
    Postgres(PgConnection, &'a str),
    Sqlite(rusqlite::Connection),
}

impl Held<'_> {
    /// Tells whether a commit that was begun has reached the point where it waits.
    pub(crate) async fn has_come(&mut self) -> bool {
        match &mut self.0 {
            Hold::Memory(_) | Hold::Sqlite(_) => true,
            Hold::Postgres(connection, schema) => {
                let waits = "SELECT count(*) FROM pg_stat_activity \
                             WHERE application_name = $1 AND wait_event_type = 'Lock'";
                count_of(connection, waits, schema).await > 0
            }
        }
    }

    pub(crate) async fn give_up(self) {
        match self.0 {
            Hold::Memory(store) => store.repair(),
            Hold::Postgres(mut connection, _) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
            }
            Hold::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
        }
    }
}

async fn count_of(connection: &mut PgConnection, statement: &'static str, of: &str) -> i64 {
    sqlx::query(statement).bind(of).fetch_one(connection).await.unwrap().get(0)
}

/// The number of rows that a table would have.
fn rows(store: &MemoryStore, table: &str) -> usize {
    let sizes = store.sizes();
    match table {
        "artifact" => sizes.artifacts,
        "audit_event" => sizes.events,
        "consent" => sizes.consents,
        "directory_user" => sizes.users,
        "refresh_family" => sizes.families,
        LASTING_FAMILIES => sizes.lasting_families,
        "revoked_token" => sizes.revoked_tokens,
        "used_assertion" => sizes.assertions,
        "user_session" => sizes.sessions,
        other => panic!("memory does not count {other}"),
    }
}

/// The families that were not ended.
pub(crate) const LASTING_FAMILIES: &str = "refresh_family WHERE revoked = 0";
