//! A database for one test, into which the test writes directly, as other versions would.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scopegate_store::StoreUrl;
use scopegate_tests::{Answer, Catalog, TestServer};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

pub(crate) enum Place {
    Postgres { server: String, schema: String },
    Sqlite { folder: TempDir },
}

/// The servers `default` and `stock`, clients for both, and a rule that allows everything.
pub(crate) fn catalog() -> Catalog {
    let refreshes = "grant_types = [\"authorization_code\", \"refresh_token\"]\n\
                     consent_method = \"TRUSTED\"";
    let alone = "grant_types = [\"client_credentials\"]\nscopes = [\"*\"]";
    let everything = "grant_types = [\"client_credentials\", \"authorization_code\", \
                      \"urn:ietf:params:oauth:grant-type:device_code\"]\nscopes = [\"*\"]";
    Catalog::of_orders()
        .claim("plan", "token = \"access\"\nvalue = { constant = \"gold\" }")
        .rule("everything", everything)
        .client("writer", "name = \"Writer\"")
        .client("portal", refreshes)
        .client(
            "tv",
            "type = \"native\"\n\
             grant_types = [\"urn:ietf:params:oauth:grant-type:device_code\"]",
        )
        .server("stock", "")
        .scope("read:stock", "")
        .rule("alone", alone)
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite { folder: tempfile::tempdir().unwrap() }
    }

    /// A new schema.
    pub(crate) async fn postgres() -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("SCOPEGATE_TEST_POSTGRES_URL").unwrap_or_default();
        assert!(
            !server.is_empty(),
            "SCOPEGATE_TEST_POSTGRES_URL is not set: run `scripts/postgres cargo test -p \
             scopegate-tests --test mixed_versions -- --include-ignored`",
        );
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = format!("mixed_{}_{number}", std::process::id());
        let place = Self::Postgres { server, schema };
        place.run("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}").await;
        place
    }

    pub(crate) async fn clear_away(&self) {
        self.run("DROP SCHEMA {schema} CASCADE").await;
    }

    /// Starts the first node.
    pub(crate) async fn start(&self) -> TestServer {
        TestServer::start_at(self.url(), catalog()).await
    }

    fn url(&self) -> StoreUrl {
        match self {
            Self::Postgres { server, schema } => {
                let joint = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{joint}options=-csearch_path%3D{schema}");
                StoreUrl::parse(&url).unwrap()
            }
            Self::Sqlite { folder } => StoreUrl::sqlite(folder.path().join("scopegate.db")),
        }
    }

    /// Runs a statement on a separate connection, without telling the nodes.
    pub(crate) async fn run(&self, statement: &str) {
        match self {
            Self::Postgres { server, schema } => {
                let options = PgConnectOptions::from_str(server).unwrap();
                let quiet = [("search_path", schema.as_str()), ("client_min_messages", "warning")];
                let mut connection = options.options(quiet).connect().await.unwrap();
                let script = AssertSqlSafe(statement.replace("{schema}", schema));
                sqlx::raw_sql(script).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Sqlite { folder } => {
                let file = folder.path().join("scopegate.db");
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.execute_batch(statement).unwrap();
            }
        }
    }

    /// Changes an entity as a node of another version would, and increments the version of the
    /// catalog.
    pub(crate) async fn rewrite(&self, which: &str, how: &str) {
        self.run(&format!(
            "BEGIN; UPDATE catalog_state SET version = version + 1; \
             UPDATE catalog_entity SET {how}, version = (SELECT version FROM catalog_state) \
             WHERE {which}; COMMIT"
        ))
        .await;
    }
}

/// Adds an unknown member to a body.
pub(crate) const MORE: &str = "body = '{\"of_tomorrow\":1,' || substr(body, 2)";
/// Removes that member.
pub(crate) const NO_MORE: &str = "body = '{' || substr(body, 18)";

/// Waits until a condition holds that background work brings about.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // The limit is generous: a condition that does not hold after 60 s never will.
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .expect("the condition holds in time");
}

/// Requests a token at a server with client credentials.
pub(crate) async fn ask(at: &TestServer, server: &str, client: &str) -> Answer {
    let form = [("grant_type", "client_credentials")];
    let scope = if server == "stock" { "read:stock" } else { "read:orders" };
    let path = format!("/oauth2/{server}/v1/token");
    at.as_client(client).post_to(&path, &[&form[..], &[("scope", scope)]].concat()).await
}

/// Asserts the answer for something that is out of service, without details.
#[track_caller]
pub(crate) fn assert_out_of_service(answer: &Answer) {
    let json = answer.expect_error(503, "temporarily_unavailable");
    assert_eq!(json["error_description"], "This is out of service at the moment.");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(!answer.body.contains("of_tomorrow") && !answer.body.contains("format"));
}
