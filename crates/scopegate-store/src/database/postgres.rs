//! PostgreSQL: a pool for all work, and a connection that listens.

mod failure;
mod listener;
mod session;

pub(super) use failure::{is_aborted, is_key_taken};
pub(crate) use listener::Listener;
pub(super) use session::Session;

use std::net::IpAddr;
use std::time::Duration;

use scopegate_core::store::StoreError;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Pool, Row};

use super::row::Decode;
use super::value::Value;
use crate::error::OpenError;
use crate::store_options::StoreOptions;
use crate::store_url::StoreUrl;
use failure::failed;

/// How long a connection is waited for, unless the options say otherwise.
const PATIENCE: Duration = Duration::from_secs(3);

/// Limits on statements, locks and idle transactions, so that none holds others up for long. The URL's
/// `options` take precedence.
const LIMITS: [(&str, &str); 3] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "3s"),
    ("idle_in_transaction_session_timeout", "20s"),
];

/// A database of PostgreSQL. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Postgres {
    all: Pool<sqlx::Postgres>,
    listener: Pool<sqlx::Postgres>,
}

impl Postgres {
    pub(super) async fn open(
        url: &StoreUrl,
        connect: &PgConnectOptions,
        options: &StoreOptions,
    ) -> Result<Self, OpenError> {
        warn_of_unauthenticated_server(url, connect);
        let patience = options.patience.unwrap_or(PATIENCE);
        // The driver asks for more digits of floating-point numbers, which a pooler may refuse. There are
        // no such numbers here.
        let connect = named(connect).extra_float_digits(None);
        // Connects before the pool does: a pool retries until its time is up, and then hides the cause.
        match tokio::time::timeout(patience, shares_connections(&connect)).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => return Err(OpenError::TransactionPooling { store: url.to_string() }),
            Ok(Err(error)) => return Err(OpenError::unreachable(url, &error)),
            Err(_) => {
                return Err(OpenError::unreachable(url, &format!("no answer in {patience:?}")));
            }
        }
        let limits = limits(&connect);
        let pool = |connections| {
            let limits = limits.clone();
            PoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience)
                .after_connect(move |connection, _| {
                    let limits = AssertSqlSafe(limits.clone());
                    Box::pin(
                        async move { sqlx::raw_sql(limits).execute(connection).await.map(drop) },
                    )
                })
                .connect_lazy_with(connect.clone())
        };
        Ok(Self { all: pool(options.connections), listener: pool(1) })
    }

    /// Runs one statement.
    pub(super) async fn read<T: Send>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut session = self.session().await?;
        let rows = session.fetch(statement.into(), values, decode).await?;
        session.finish();
        Ok(rows)
    }

    /// Runs one statement without the limits on time.
    pub(super) async fn read_long<T: Send>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut session = self.session().await?;
        session.run("BEGIN".into()).await?;
        session.allow_long().await?;
        let rows = session.fetch(statement.into(), values, decode).await?;
        session.run("ROLLBACK".into()).await?;
        session.finish();
        Ok(rows)
    }

    /// Listens, and polls at this interval.
    pub(super) async fn listen(&self, poll: Duration) -> Listener {
        Listener::start(&self.listener, poll).await
    }

    pub(super) async fn close(&self) {
        self.listener.close().await;
        self.all.close().await;
    }

    /// Takes a connection from the pool.
    pub(super) async fn session(&self) -> Result<Session, StoreError> {
        self.all.acquire().await.map(Session::new).map_err(failed)
    }
}

fn named(connect: &PgConnectOptions) -> PgConnectOptions {
    match connect.get_application_name() {
        Some(_) => connect.clone(),
        None => connect.clone().application_name("scopegate"),
    }
}

/// The statements that set the limits of a connection. They are not sent as startup parameters, because
/// a pooler may refuse those.
fn limits(connect: &PgConnectOptions) -> String {
    let given = connect.get_options().unwrap_or_default();
    let missing = LIMITS.into_iter().filter(|(name, _)| !given.contains(name));
    missing.map(|(name, value)| format!("SET {name} = '{value}';")).collect()
}

/// Tells whether a pooler shares its connections transaction by transaction. Prepared statements,
/// settings and `LISTEN` would get lost then.
async fn shares_connections(connect: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut first = PgConnection::connect_with(connect).await?;
    let mut second = PgConnection::connect_with(connect).await?;
    let before = backend(&mut first).await?;
    sqlx::raw_sql("BEGIN").execute(&mut second).await?;
    // A pooler gives away the connection that was used last. If the second client has it, the first must
    // not ask: it would wait for the transaction of the second.
    let is_shared = backend(&mut second).await? == before || backend(&mut first).await? != before;
    second.close().await?;
    first.close().await?;
    Ok(is_shared)
}

/// The id of the server's process that answers. A prepared statement would not work with every pooler.
async fn backend(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}

/// Warns if the server is not authenticated: the driver's default, `prefer`, does not check certificates.
fn warn_of_unauthenticated_server(url: &StoreUrl, connect: &PgConnectOptions) {
    let host = connect.get_host();
    let is_local = connect.get_socket().is_some()
        || host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if !is_local && !matches!(connect.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        tracing::warn!(
            store = %url,
            "the connection to the store is not authenticated: add `sslmode=verify-full` to its URL",
        );
    }
}
