//! A PostgreSQL schema for one test.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use scopegate_store::StoreUrl;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// A schema for one test.
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn make() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("SCOPEGATE_TEST_POSTGRES_URL").unwrap_or_default();
        assert!(
            !server.is_empty(),
            "SCOPEGATE_TEST_POSTGRES_URL is not set: run \
             `scripts/postgres cargo test -p scopegate-tests -- --include-ignored`",
        );
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("nodes_{}_{number}", std::process::id());
        let schema = Self { server, name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    /// The URL of the schema for a store.
    pub(crate) fn url(&self) -> StoreUrl {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        let url = format!("{}{joint}options=-csearch_path%3D{}", self.server, self.name);
        StoreUrl::parse(&url).unwrap()
    }

    pub(crate) async fn drop(self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    async fn run(&self, statement: &str) {
        let options = PgConnectOptions::from_str(&self.server).unwrap();
        let options = options.options([("client_min_messages", "warning")]);
        let mut connection: PgConnection = options.connect().await.unwrap();
        let script = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        script.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
