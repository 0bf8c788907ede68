//! A connection of SQLite, and how a statement gets its values.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, OpenFlags, ToSql};
use scopegate_core::store::StoreError;

use super::failure::failed;
use crate::database::row::{Decode, Row};
use crate::database::value::Value;

/// Prepared statements that a connection keeps: more than there are in this crate, so that each is parsed
/// once.
const STATEMENTS: usize = 128;

/// A connection. Its methods block the thread.
pub(crate) struct Connection(rusqlite::Connection);

impl Connection {
    /// Opens a file that exists. `settings` are statements that take no values.
    pub(super) fn open(path: &Path, settings: &str, lock_wait: Duration) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(lock_wait)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(settings)?;
        Ok(Self(connection))
    }

    /// Sets how long a statement waits for a lock that another connection holds.
    pub(super) fn wait_for_locks(&self, at_most: Duration) -> rusqlite::Result<()> {
        self.0.busy_timeout(at_most)
    }

    /// Turns the write-ahead log of the file on, for all its connections.
    pub(super) fn turn_log_on(&self) -> rusqlite::Result<()> {
        self.0.execute_batch("PRAGMA journal_mode = WAL")
    }

    /// Runs a statement; the answer is how many rows it wrote.
    pub(crate) fn execute(
        &self,
        statement: &str,
        values: &[impl ToSql],
    ) -> Result<u64, StoreError> {
        let written = self.bound(statement, values).and_then(|mut bound| bound.raw_execute());
        written.map(|rows| rows as u64).map_err(failed)
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(crate) fn fetch<T>(
        &self,
        statement: &str,
        values: &[impl ToSql],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut bound = self.bound(statement, values).map_err(failed)?;
        let mut found = bound.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed)? {
            rows.push(decode(&Row::sqlite(row))?);
        }
        Ok(rows)
    }

    /// Runs statements that take no values.
    pub(crate) fn run(&self, statements: &str) -> Result<(), StoreError> {
        self.0.execute_batch(statements).map_err(failed)
    }

    /// How many rows were written through this connection, also in transactions that were rolled back.
    pub(super) fn written_rows(&self) -> u64 {
        self.0.total_changes()
    }

    /// A statement with its values. The third value is `$3` in the statements of this crate, as PostgreSQL
    /// writes it. SQLite numbers `$3` by its first occurrence in the text, and only `?3` by its number. To
    /// ask SQLite for the name of a parameter takes as long as there are parameters.
    fn bound(
        &self,
        statement: &str,
        values: &[impl ToSql],
    ) -> rusqlite::Result<CachedStatement<'_>> {
        let mut prepared = self.0.prepare_cached(&statement.replace('$', "?"))?;
        for place in 1..=prepared.parameter_count() {
            let value = values.get(place - 1);
            let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), place))?;
            prepared.raw_bind_parameter(place, value)?;
        }
        Ok(prepared)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Bytes(bytes) => bytes.map_or(ValueRef::Null, ValueRef::Blob),
            Value::Integer(number) => number.map_or(ValueRef::Null, ValueRef::Integer),
            Value::Text(text) => {
                text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let table = "CREATE TABLE t (a TEXT, b TEXT)";
        Connection::open(Path::new(":memory:"), table, Duration::ZERO).unwrap()
    }

    #[test]
    fn a_value_goes_where_its_number_is() {
        let connection = connection();
        let (one, two) = (Value::from("one"), Value::from("two"));
        connection.execute("INSERT INTO t (b, a) VALUES ($2, $1)", &[one, two]).unwrap();
        let backwards = "SELECT b FROM t WHERE b = $2 AND a = $1";
        let found = connection.fetch(backwards, &[one, two], |row| row.text("b")).unwrap();
        assert_eq!(found, ["two"]);
        assert!(connection.execute(backwards, &[one]).is_err(), "one is missing");
    }

    #[test]
    fn an_error_says_once_what_is_wrong() {
        let failed = connection().run("SELECT * FROM nowhere");
        let StoreError::Unavailable(cause) = failed.unwrap_err() else {
            unreachable!("it is a failure of the storage")
        };
        assert_eq!(cause.to_string().matches("no such table: nowhere").count(), 1, "{cause}");
        assert!(cause.source().is_none());
    }
}
