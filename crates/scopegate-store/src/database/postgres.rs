//! PostgreSQL: a pool for everything, and a connection that listens.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_core::store::StoreError;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Pool, Postgres, Row};

use super::Bell;
use crate::error::unavailable;
use crate::{OpenError, StoreOptions, StoreUrl};

const PATIENCE: Duration = Duration::from_secs(3);

/// No statement, lock or idle transaction holds others up for longer; the URL's `options` may say
/// otherwise.
const LIMITS: [(&str, &str); 3] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "3s"),
    ("idle_in_transaction_session_timeout", "20s"),
];

#[derive(Clone)]
pub(crate) struct PostgresPools {
    all: Pool<Postgres>,
    listener: Pool<Postgres>,
}

impl PostgresPools {
    pub(super) async fn open(
        url: &StoreUrl,
        connect: &PgConnectOptions,
        options: &StoreOptions,
    ) -> Result<Self, OpenError> {
        warn_of_open_wire(url, connect);
        let patience = options.patience.unwrap_or(PATIENCE);
        // A number that is shown needs no more digits, and a pooler may refuse to be asked for them.
        let connect = named(connect).extra_float_digits(None);
        // A pool would try again until its time is up, and then not say what was wrong.
        match tokio::time::timeout(patience, is_shared(&connect)).await {
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

    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.all.acquire().await.map_err(unavailable)
    }

    pub(super) async fn bell(&self) -> Bell {
        Bell::listening(&self.listener).await
    }

    pub(super) async fn close(&self) {
        self.listener.close().await;
        self.all.close().await;
    }
}

fn named(connect: &PgConnectOptions) -> PgConnectOptions {
    match connect.get_application_name() {
        Some(_) => connect.clone(),
        None => connect.clone().application_name("scopegate"),
    }
}

/// The statements that set the limits of a connection. A pooler may refuse to be asked for them as it
/// is connected to.
fn limits(connect: &PgConnectOptions) -> String {
    let given = connect.get_options().unwrap_or_default();
    let missing = LIMITS.into_iter().filter(|(name, _)| !given.contains(name));
    missing.map(|(name, value)| format!("SET {name} = '{value}';")).collect()
}

/// Tells whether two connections are one at the server, because a pooler gives it to whoever has a
/// transaction: then prepared statements, settings and `LISTEN` get lost.
async fn is_shared(connect: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut first = PgConnection::connect_with(connect).await?;
    let mut second = PgConnection::connect_with(connect).await?;
    let before = backend(&mut first).await?;
    sqlx::raw_sql("BEGIN").execute(&mut second).await?;
    // A pooler gives away what was used last. If the second has it, the first must not ask for it.
    let is_shared = backend(&mut second).await? == before || backend(&mut first).await? != before;
    second.close().await?;
    first.close().await?;
    Ok(is_shared)
}

/// The process of the server that answers, asked without a prepared statement.
async fn backend(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}

/// The driver's default, `prefer`, encrypts if it can and never asks who answers.
fn warn_of_open_wire(url: &StoreUrl, connect: &PgConnectOptions) {
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
