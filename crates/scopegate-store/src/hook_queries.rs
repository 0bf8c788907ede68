//! Queries of token hooks, on databases that `scopegate.toml` names.
//!
//! A query reads only: in PostgreSQL it runs in a read-only transaction with a limit on its time, in SQLite on a file
//! that is opened read-only. The store of this server is refused, by whichever path or address a connection leads to
//! it: a query could read secrets there.
//!
//! A connection is opened at its first query, and kept. Each database has at most 8 connections. A query that gets
//! none before its deadline fails.

mod json;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use scopegate_core::hooks::{HookFailure, HookSql, SqlCall, SqlFailure};
use serde_json::Value;

use self::postgres::PostgresQueries;
use self::sqlite::SqliteQueries;
use crate::sql_store::SqlStore;
use crate::store_url::{Location, StoreUrl};

/// Maximum connections to each database.
const CONNECTIONS: u32 = 8;

/// The databases that token hooks may query, by the names of `[hooks.connections]`.
///
/// ```
/// use scopegate_store::{HookConnections, SqlStore, StoreOptions, StoreUrl};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scopegate.db");
/// let store = SqlStore::open(&StoreUrl::sqlite(path), &StoreOptions::default()).await?;
/// let billing = StoreUrl::parse("postgres://reader@127.0.0.1/billing")?;
/// let connections = HookConnections::new(&store, [("billing".to_owned(), billing)]);
/// assert_eq!(connections.names().collect::<Vec<_>>(), ["billing"]);
/// # Ok(())
/// # }
/// ```
pub struct HookConnections {
    databases: BTreeMap<String, Source>,
}

enum Source {
    Postgres(Box<PostgresQueries>),
    Sqlite(Arc<SqliteQueries>),
}

impl HookConnections {
    /// Connections with their names. Nothing is opened yet. `own` is the store of this server, which no query may
    /// read.
    pub fn new(own: &SqlStore, urls: impl IntoIterator<Item = (String, StoreUrl)>) -> Self {
        let source = |url: StoreUrl| match url.location() {
            Location::Postgres(options) => {
                Source::Postgres(Box::new(PostgresQueries::new(options, own)))
            }
            Location::Sqlite(path) => {
                Source::Sqlite(Arc::new(SqliteQueries::new(path, own.url().sqlite_path())))
            }
        };
        let databases = urls.into_iter().map(|(name, url)| (name, source(url))).collect();
        Self { databases }
    }

    /// The names of the connections.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.databases.keys().map(String::as_str)
    }
}

impl fmt::Debug for HookConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.databases.keys()).finish()
    }
}

#[async_trait]
impl HookSql for HookConnections {
    async fn query(&self, call: SqlCall<'_>) -> Result<BTreeMap<String, Value>, HookFailure> {
        let source = self.databases.get(&call.hook.connection);
        let row = match source.ok_or(SqlFailure::UnknownConnection)? {
            Source::Postgres(postgres) => postgres.query(&call).await,
            Source::Sqlite(sqlite) => sqlite.query(&call).await,
        };
        row.map_err(HookFailure::Sql)
    }
}

/// The columns that a hook names.
fn columns<'c>(call: &SqlCall<'c>) -> impl Iterator<Item = &'c str> {
    call.hook.claims.values().map(String::as_str)
}
