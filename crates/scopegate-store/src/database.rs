//! What the two databases do not share: connecting, locking, binding, listening.
//!
//! A connection is held by a [`Session`]. It goes back to its pool when the work came to its end,
//! and is closed when the work was broken off: by an error, by a time-out, or because nobody waits
//! for the answer any more. So no connection in an unknown state is ever used again, and none that
//! hangs keeps its place in the pool.

mod bell;
mod in_place;
mod pin;
mod postgres;
mod row;
mod session;
mod sqlite;
mod transaction;

pub(crate) use bell::Bell;
pub(crate) use row::{Row, Value};
pub(crate) use transaction::{Insert, Transaction};

use std::sync::Arc;

use scopegate_core::store::StoreError;

use crate::error::is_locked;
use crate::store_url::Location;
use crate::{OpenError, StoreOptions, StoreUrl};
use postgres::PostgresPools;
use session::Session;
use sqlite::SqlitePools;

/// Taken at once, the lock for writing cannot be refused in the middle.
const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";

/// Decodes one row.
pub(crate) type Decode<T> = fn(&Row<'_>) -> Result<T, StoreError>;

/// One of the two databases.
#[derive(Clone)]
pub(crate) enum Database {
    Postgres(PostgresPools),
    Sqlite(Arc<SqlitePools>),
}

impl Database {
    pub(crate) async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        match url.location() {
            Location::Postgres(connect) => {
                PostgresPools::open(url, connect, options).await.map(Self::Postgres)
            }
            Location::Sqlite(path) => {
                let pools = SqlitePools::open(url, path, options).await?;
                Ok(Self::Sqlite(Arc::new(pools)))
            }
        }
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let (session, begin) = match self {
            Self::Postgres(pools) => (Session::postgres(pools.connection().await?), "BEGIN"),
            Self::Sqlite(pools) => {
                let turn = pools.turn().await?;
                (Session::sqlite(pools.writer().await?, Some(turn)), BEGIN_SQLITE)
            }
        };
        Transaction::begin(session, begin).await
    }

    /// Begins one in the present thread, which may block and is none of the runtime's.
    pub(crate) async fn begin_in_place(&self) -> Result<Transaction, StoreError> {
        match self {
            Self::Postgres(_) => self.begin().await,
            Self::Sqlite(pools) => {
                let (connection, turn) = pools.writer_in_place()?;
                let session = Session::in_place(connection, turn);
                Transaction::begin(session, BEGIN_SQLITE).await
            }
        }
    }

    /// Runs one statement that reads a few rows.
    pub(crate) async fn read<T: Send>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        if let Self::Sqlite(pools) = self {
            match pools.read_in_place(statement, values, decode) {
                // It is asked again by a thread that may wait for the lock.
                Err(error) if is_locked(&error) => {}
                answer => return answer,
            }
        }
        // The driver's futures are large; who does not use them shall not make room for them.
        Box::pin(async {
            let mut session = match self {
                Self::Postgres(pools) => Session::postgres(pools.connection().await?),
                Self::Sqlite(pools) => Session::sqlite(pools.reader().await?, None),
            };
            let rows = session.fetch(statement, values, decode).await?;
            session.finish();
            Ok(rows)
        })
        .await
    }

    /// The same for an answer that may be long.
    pub(crate) async fn read_long<T: Send>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Postgres(_) => {
                let mut transaction = self.begin().await?;
                transaction.allow_long().await?;
                let rows = transaction.fetch(statement, values, decode).await?;
                transaction.rollback().await?;
                Ok(rows)
            }
            Self::Sqlite(pools) => {
                let mut session = Session::sqlite(pools.reader().await?, None);
                let rows = session.fetch(statement, values, decode).await?;
                session.finish();
                Ok(rows)
            }
        }
    }

    /// Takes the log of SQLite into the file. Nobody who wants to write waits for that.
    pub(crate) async fn take_in_log(&self) -> Result<(), StoreError> {
        let Self::Sqlite(pools) = self else { return Ok(()) };
        let mut session = Session::sqlite(pools.reader().await?, None);
        session.fetch("PRAGMA wal_checkpoint(PASSIVE)", &[], |_| Ok(())).await?;
        session.finish();
        Ok(())
    }

    /// What wakes those who wait for a change of the catalog.
    pub(crate) async fn bell(&self) -> Bell {
        match self {
            Self::Postgres(pools) => pools.bell().await,
            Self::Sqlite(_) => Bell::every(sqlite::POLL),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(pools) => pools.close().await,
            Self::Sqlite(pools) => pools.close().await,
        }
    }

    /// Tells whether transactions that write wait for one another.
    pub(crate) const fn has_one_writer(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// How a column of texts is told to compare bytes, whatever the database's language is.
    pub(crate) const fn bytewise(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "COLLATE \"C\"",
            Self::Sqlite(_) => "COLLATE BINARY",
        }
    }

    /// The type of a column that holds bytes.
    pub(crate) const fn blob(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "BYTEA",
            Self::Sqlite(_) => "BLOB",
        }
    }
}
