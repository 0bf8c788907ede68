//! PostgreSQL: a pool for everything, and a connection that listens.

use std::net::IpAddr;
use std::time::Duration;

use scopegate_core::store::StoreError;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{Connection, Pool, Postgres};

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
        let connect = limited(connect);
        let patience = options.patience.unwrap_or(PATIENCE);
        // A pool would try again until its time is up, and then not say what was wrong.
        let probe = tokio::time::timeout(patience, PgConnection::connect_with(&connect)).await;
        let connected = match probe {
            Ok(Ok(connection)) => connection.close().await,
            Ok(Err(error)) => Err(error),
            Err(_) => {
                return Err(OpenError::unreachable(url, &format!("no answer in {patience:?}")));
            }
        };
        connected.map_err(|error| OpenError::unreachable(url, &error))?;
        let pool = |connections| {
            PoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience)
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

fn limited(connect: &PgConnectOptions) -> PgConnectOptions {
    let given = connect.get_options().unwrap_or_default();
    let missing = LIMITS.into_iter().filter(|(name, _)| !given.contains(name));
    let limited = connect.clone().options(missing);
    match connect.get_application_name() {
        Some(_) => limited,
        None => limited.application_name("scopegate"),
    }
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
