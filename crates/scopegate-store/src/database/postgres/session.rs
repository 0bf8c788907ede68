//! A connection of PostgreSQL at work.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use futures_util::TryStreamExt;
use scopegate_core::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use super::failure::failed;
use crate::database::row::{Decode, Row};
use crate::database::value::Value;
use crate::error::unavailable;

/// Maximum wait for the next row of an answer. PostgreSQL gives up earlier; this limit is for a network
/// that loses what is sent.
const SILENCE: Duration = Duration::from_secs(15);
/// The same for statements that may take long: migrations and the whole catalog.
const LONG_SILENCE: Duration = Duration::from_secs(600);

/// A connection taken from the pool.
///
/// [`finish`](Self::finish) returns it to the pool. A session that is dropped without it closes the
/// connection: after an error, a time-out or a dropped future its state is unknown, and it might hang.
pub(crate) struct Session {
    connection: Option<PoolConnection<Postgres>>,
    silence: Duration,
}

impl Session {
    pub(super) const fn new(connection: PoolConnection<Postgres>) -> Self {
        Self { connection: Some(connection), silence: SILENCE }
    }

    /// Runs a statement; the answer is how many rows it wrote.
    pub(crate) async fn execute(
        &mut self,
        statement: Cow<'static, str>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let silence = self.silence;
        let written = bound(statement, values).execute(self.connection());
        Ok(answered(silence, written).await?.rows_affected())
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(crate) async fn fetch<T: Send>(
        &mut self,
        statement: Cow<'static, str>,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let silence = self.silence;
        let mut rows = Vec::new();
        let mut stream = bound(statement, values).fetch(self.connection());
        while let Some(next) = answered(silence, stream.try_next()).await? {
            rows.push(decode(&Row::postgres(&next))?);
        }
        Ok(rows)
    }

    /// Runs statements that take no values.
    pub(crate) async fn run(&mut self, statements: Cow<'static, str>) -> Result<(), StoreError> {
        let silence = self.silence;
        let script = match statements {
            Cow::Borrowed(text) => sqlx::raw_sql(text),
            Cow::Owned(text) => sqlx::raw_sql(AssertSqlSafe(text)),
        };
        answered(silence, script.execute(self.connection())).await.map(drop)
    }

    /// Lifts the time limits for the statements of this transaction that follow.
    pub(crate) async fn allow_long(&mut self) -> Result<(), StoreError> {
        self.silence = LONG_SILENCE;
        self.run("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0".into()).await
    }

    /// Returns the connection to the pool.
    pub(crate) fn finish(mut self) {
        drop(self.connection.take());
    }

    fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is taken by `finish` and `drop` only")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

/// A statement with its values.
fn bound<'q>(
    statement: Cow<'static, str>,
    values: &[Value<'q>],
) -> Query<'q, Postgres, PgArguments> {
    let query = match statement {
        Cow::Borrowed(text) => sqlx::query(text),
        Cow::Owned(text) => sqlx::query(AssertSqlSafe(text)),
    };
    values.iter().fold(query, |query, value| match *value {
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}

async fn answered<T>(
    silence: Duration,
    answer: impl Future<Output = sqlx::Result<T>> + Send,
) -> Result<T, StoreError> {
    match tokio::time::timeout(silence, answer).await {
        Ok(answer) => answer.map_err(failed),
        Err(elapsed) => Err(unavailable(elapsed)),
    }
}
