//! The database: one of SQLite or PostgreSQL.
//!
//! Statements are written once, in the SQL that both databases share, and live beside the operation
//! that uses them. This module has what differs:
//!
//! - [`value`] and [`row`]: what goes into a statement and what comes out of it.
//! - [`sqlite`]: one thread that writes, and connections that read in the calling thread.
//! - [`postgres`]: a pool of connections, and one that listens.
//! - [`transaction`]: the statements of one transaction, on either database. A [`Job`] runs them;
//!   [`run_on_sqlite`] and [`run_on_postgres`] run a job.

mod insert;
mod job;
mod postgres;
mod row;
mod run_on_postgres;
mod run_on_sqlite;
mod sqlite;
mod transaction;
mod value;

pub(crate) use insert::Insert;
pub(crate) use job::Job;
pub(crate) use row::{Decode, Row};
pub(crate) use transaction::Transaction;
pub(crate) use value::Value;

use scopegate_core::authority::unattended::Unattended;
use scopegate_core::store::StoreError;

use crate::catalog_watch::PollIntervals;
use crate::error::OpenError;
use crate::store_options::StoreOptions;
use crate::store_url::{Location, StoreUrl};
use postgres::Postgres;
use sqlite::Sqlite;

/// One of the two databases. Clones share their connections.
#[derive(Clone)]
pub(crate) enum Database {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Database {
    pub(crate) async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        match url.location() {
            Location::Postgres(connect) => {
                Postgres::open(url, connect, options).await.map(Self::Postgres)
            }
            Location::Sqlite(path) => Sqlite::open(url, path, options).await.map(Self::Sqlite),
        }
    }

    /// Runs a job in a transaction. What it answers is on the disk.
    ///
    /// If this future is dropped, the job is not written, unless its transaction is being committed
    /// at that moment.
    pub(crate) async fn write<J: Job>(&self, job: J) -> Result<J::Answer, StoreError> {
        match self {
            // Boxed so that SQLite callers do not pay for sqlx's large future.
            Self::Postgres(postgres) => Box::pin(run_on_postgres::write(postgres, &job)).await,
            Self::Sqlite(sqlite) => run_on_sqlite::write(sqlite.writer(), job).await,
        }
    }

    /// Runs a job in a transaction, even if this future is dropped after its first poll.
    pub(crate) async fn write_unattended<J: Job>(
        &self,
        job: J,
        unattended: &Unattended,
    ) -> Result<J::Answer, StoreError> {
        match self {
            Self::Postgres(postgres) => {
                let postgres = postgres.clone();
                unattended.run(async move { run_on_postgres::write(&postgres, &job).await }).await?
            }
            Self::Sqlite(sqlite) => {
                run_on_sqlite::write_unattended(sqlite.writer(), job, unattended).await
            }
        }
    }

    /// Runs one statement that reads a few rows.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            // Boxed so that SQLite callers do not pay for sqlx's large future.
            Self::Postgres(postgres) => Box::pin(postgres.read(statement, values, decode)).await,
            Self::Sqlite(sqlite) => sqlite.read(statement, values, decode).await,
        }
    }

    /// Runs one statement whose answer may be long, or take long.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Postgres(postgres) => {
                Box::pin(postgres.read_long(statement, values, decode)).await
            }
            Self::Sqlite(sqlite) => sqlite.read_long(statement, values, decode).await,
        }
    }

    /// Copies SQLite's write-ahead log into the file, as far as possible without making a writer wait.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(_) => Ok(()),
            Self::Sqlite(sqlite) => sqlite.checkpoint().await,
        }
    }

    /// What tells when the catalog may have changed.
    pub(crate) async fn bell(&self, poll: PollIntervals) -> Bell {
        match self {
            Self::Postgres(postgres) => Bell::Postgres(postgres.listen(poll.postgres).await),
            Self::Sqlite(sqlite) => Bell::Sqlite(sqlite.poll(poll.sqlite)),
        }
    }

    /// Closes all connections, those of clones too. Jobs that are queued are written before.
    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(postgres) => postgres.close().await,
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

/// Tells when the catalog may have changed.
pub(crate) enum Bell {
    Postgres(postgres::Listener),
    Sqlite(sqlite::Poll),
}

impl Bell {
    /// Waits until the catalog may have changed.
    pub(crate) async fn ring(&mut self) {
        match self {
            Self::Postgres(listener) => listener.wait().await,
            Self::Sqlite(poll) => poll.wait().await,
        }
    }
}
