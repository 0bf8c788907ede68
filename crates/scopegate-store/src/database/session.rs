//! A connection at work.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::TryStreamExt;
use scopegate_core::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, SqlSafeStr, Sqlite};

use super::in_place::InPlace;
use super::sqlite::Turn;
use super::{Decode, Row, Value};
use crate::error::unavailable;

/// How long the database may be silent. The databases give up before: this is for a network that
/// swallows what is sent.
const SILENCE: Duration = Duration::from_secs(15);
/// The same for statements that may take long: migrations and the whole catalog.
const LONG_SILENCE: Duration = Duration::from_secs(600);

/// A connection at work; dropped before its end, it closes the connection.
pub(super) struct Session {
    lease: Lease,
    silence: Duration,
    /// Of SQLite's writers each has the turn; it ends after the connection is given back.
    _turn: Option<Turn>,
}

enum Lease {
    InPlace(InPlace),
    Postgres(Leased<Postgres>),
    Sqlite(Leased<Sqlite>),
}

/// Does the same with a connection of either driver, unless it is done in place.
macro_rules! on_either {
    ($lease:expr, $in_place:ident => $done:expr, $connection:ident => $work:expr) => {
        match $lease {
            Lease::InPlace($in_place) => $done,
            Lease::Postgres($connection) => $work,
            Lease::Sqlite($connection) => $work,
        }
    };
}

/// A statement with its values.
macro_rules! bound {
    ($statement:expr, $values:expr) => {{
        let mut query = sqlx::query($statement);
        for value in $values {
            query = match *value {
                Value::Bytes(bytes) => query.bind(bytes),
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
        query
    }};
}

impl Session {
    pub(super) fn postgres(connection: PoolConnection<Postgres>) -> Self {
        Self::of(Lease::Postgres(Leased(Some(connection))), None)
    }

    pub(super) fn sqlite(connection: PoolConnection<Sqlite>, turn: Option<Turn>) -> Self {
        Self::of(Lease::Sqlite(Leased(Some(connection))), turn)
    }

    /// A session whose work is done in the thread that asks for it: its futures never wait.
    pub(super) fn in_place(connection: InPlace, turn: Turn) -> Self {
        Self::of(Lease::InPlace(connection), Some(turn))
    }

    fn of(lease: Lease, turn: Option<Turn>) -> Self {
        Self { lease, silence: SILENCE, _turn: turn }
    }

    /// Runs a statement; the answer is how many rows it wrote.
    pub(super) async fn execute(
        &mut self,
        statement: impl SqlSafeStr + Send,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let silence = self.silence;
        on_either!(&mut self.lease, in_place => {
            in_place.execute(statement.into_sql_str().as_str(), values)
        }, connection => {
            let written = bound!(statement, values).execute(&mut ***connection);
            Ok(answered(silence, written).await?.rows_affected())
        })
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(super) async fn fetch<T: Send>(
        &mut self,
        statement: impl SqlSafeStr + Send,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let silence = self.silence;
        let mut rows = Vec::new();
        on_either!(&mut self.lease, in_place => {
            return in_place.fetch(statement.into_sql_str().as_str(), values, decode);
        }, connection => {
            let mut stream = bound!(statement, values).fetch(&mut ***connection);
            while let Some(next) = answered(silence, stream.try_next()).await? {
                rows.push(decode(&Row::from(&next))?);
            }
        });
        Ok(rows)
    }

    /// Runs statements that take no values.
    pub(super) async fn run(
        &mut self,
        statements: impl SqlSafeStr + Send,
    ) -> Result<(), StoreError> {
        let silence = self.silence;
        on_either!(&mut self.lease, in_place => {
            in_place.run(statements.into_sql_str().as_str())?;
        }, connection => {
            let script = sqlx::raw_sql(statements);
            answered(silence, script.execute(&mut ***connection)).await?;
        });
        Ok(())
    }

    /// Lets the statements of this transaction take long.
    pub(super) async fn allow_long(&mut self) -> Result<(), StoreError> {
        self.silence = LONG_SILENCE;
        match self.lease {
            Lease::Postgres(_) => {
                self.run("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await
            }
            Lease::InPlace(_) | Lease::Sqlite(_) => Ok(()),
        }
    }

    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.lease, Lease::Postgres(_))
    }

    /// Gives the connection back.
    pub(super) fn finish(self) {
        match self.lease {
            Lease::InPlace(in_place) => in_place.finish(),
            Lease::Postgres(mut leased) => drop(leased.0.take()),
            Lease::Sqlite(mut leased) => drop(leased.0.take()),
        }
    }
}

async fn answered<T>(
    silence: Duration,
    answer: impl Future<Output = sqlx::Result<T>> + Send,
) -> Result<T, StoreError> {
    match tokio::time::timeout(silence, answer).await {
        Ok(answer) => answer.map_err(unavailable),
        Err(elapsed) => Err(unavailable(elapsed)),
    }
}

/// A connection of a pool: it goes back only if it was taken out of here.
struct Leased<DB: sqlx::Database>(Option<PoolConnection<DB>>);

impl<DB: sqlx::Database> Deref for Leased<DB> {
    type Target = PoolConnection<DB>;

    fn deref(&self) -> &PoolConnection<DB> {
        self.0.as_ref().expect("taken at its end only")
    }
}

impl<DB: sqlx::Database> DerefMut for Leased<DB> {
    fn deref_mut(&mut self) -> &mut PoolConnection<DB> {
        self.0.as_mut().expect("taken at its end only")
    }
}

impl<DB: sqlx::Database> Drop for Leased<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
