//! The statements of one transaction.

use std::borrow::Cow;

use scopegate_core::store::{Contested, StoreError};

use super::insert::Insert;
use super::row::Decode;
use super::value::Value;
use super::{postgres, sqlite};

/// A transaction that a [`Job`](super::Job) runs its statements in.
///
/// The futures of its methods never wait on SQLite, where they run in the thread that writes.
pub(crate) struct Transaction<'a>(Connection<'a>);

enum Connection<'a> {
    Postgres(&'a mut postgres::Session),
    Sqlite(&'a mut sqlite::Connection),
}

impl<'a> Transaction<'a> {
    pub(super) const fn postgres(session: &'a mut postgres::Session) -> Self {
        Self(Connection::Postgres(session))
    }

    pub(super) const fn sqlite(connection: &'a mut sqlite::Connection) -> Self {
        Self(Connection::Sqlite(connection))
    }

    /// Runs a statement; the answer is how many rows it wrote.
    pub(crate) async fn execute(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.execute_text(statement.into(), values).await
    }

    /// Runs a statement that writes one row, if the row is as the statement expects and nobody else has
    /// taken its key.
    pub(crate) async fn change(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        of: Contested,
    ) -> Result<(), StoreError> {
        match self.execute(statement, values).await {
            Ok(1) => Ok(()),
            Ok(_) => Err(StoreError::Changed(of)),
            Err(error) if postgres::is_key_taken(&error) => Err(StoreError::Changed(of)),
            Err(error) => Err(error),
        }
    }

    /// Writes rows, given value by value; the answer is how many were written.
    pub(crate) async fn insert(
        &mut self,
        insert: &'static Insert,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        for (statement, values) in insert.batches(values) {
            written += self.execute(statement, values).await?;
        }
        Ok(written)
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(crate) async fn fetch<T: Send>(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch_text(statement.into(), values, decode).await
    }

    /// Runs the statements of a migration.
    pub(crate) async fn run(&mut self, statements: String) -> Result<(), StoreError> {
        match &mut self.0 {
            Connection::Postgres(session) => session.run(statements.into()).await,
            Connection::Sqlite(connection) => connection.run(&statements),
        }
    }

    /// Runs a statement that only PostgreSQL needs.
    pub(crate) async fn on_postgres(&mut self, statement: &'static str) -> Result<(), StoreError> {
        match self.is_postgres() {
            true => self.execute(statement, &[]).await.map(drop),
            false => Ok(()),
        }
    }

    /// Runs a statement that writes the rows which a subselect finds.
    ///
    /// PostgreSQL locks the rows where the subselect says `{locked}`, in its order. Transactions that
    /// all lock in one order cannot deadlock. Where the subselect says `{free}`, rows that are locked
    /// already are skipped. SQLite has no other writer, so it needs no locks.
    pub(crate) async fn execute_locking(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let [locked, free] = match self.is_postgres() {
            true => ["FOR UPDATE", "FOR UPDATE SKIP LOCKED"],
            false => ["", ""],
        };
        let statement = statement.replace("{locked}", locked).replace("{free}", free);
        self.execute_text(statement.into(), values).await
    }

    /// Runs a `SELECT`. Where it says `{shared}`, PostgreSQL keeps the rows unchanged until the end of
    /// the transaction.
    pub(crate) async fn fetch_shared<T: Send>(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let shared = if self.is_postgres() { "FOR SHARE" } else { "" };
        self.fetch_text(statement.replace("{shared}", shared).into(), values, decode).await
    }

    /// Runs a statement that takes any number of values where it says `{values}`.
    ///
    /// It locks as [`execute_locking`](Self::execute_locking) does.
    pub(crate) async fn execute_locking_for_each(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
        let locked = if self.is_postgres() { "FOR UPDATE" } else { "" };
        let statement =
            statement.replace("{values}", &places.join(", ")).replace("{locked}", locked);
        self.execute_text(statement.into(), values).await
    }

    /// Lifts the time limits for the statements that follow.
    pub(crate) async fn allow_long(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Connection::Postgres(session) => session.allow_long().await,
            Connection::Sqlite(_) => Ok(()),
        }
    }

    /// The collation of a text column that is ordered by its bytes, whatever the database's language is.
    pub(crate) const fn bytewise(&self) -> &'static str {
        match self.0 {
            Connection::Postgres(_) => "COLLATE \"C\"",
            Connection::Sqlite(_) => "COLLATE BINARY",
        }
    }

    /// The type of a column that holds bytes.
    pub(crate) const fn blob(&self) -> &'static str {
        match self.0 {
            Connection::Postgres(_) => "BYTEA",
            Connection::Sqlite(_) => "BLOB",
        }
    }

    const fn is_postgres(&self) -> bool {
        matches!(self.0, Connection::Postgres(_))
    }

    async fn execute_text(
        &mut self,
        statement: Cow<'static, str>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        match &mut self.0 {
            Connection::Postgres(session) => session.execute(statement, values).await,
            Connection::Sqlite(connection) => connection.execute(&statement, values),
        }
    }

    async fn fetch_text<T: Send>(
        &mut self,
        statement: Cow<'static, str>,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        match &mut self.0 {
            Connection::Postgres(session) => session.fetch(statement, values, decode).await,
            Connection::Sqlite(connection) => connection.fetch(&statement, values, decode),
        }
    }
}
