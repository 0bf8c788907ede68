//! SQLite in the thread that asks.
//!
//! To find a row or to write one takes microseconds; to hand the statement to another thread and to
//! be woken by its answer takes several times as long. So what a request does is done in place. What
//! may take long (migrations, the whole catalog, the rare writes) goes through the driver that waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Result, ToSql};
use scopegate_core::store::StoreError;

use super::sqlite::DatabaseFile;
use super::{Decode, Row, Value};
use crate::error::unavailable;

/// More than there are statements in this crate, so that each is parsed once.
const STATEMENTS: usize = 128;

const READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -8192";

const WRITER: &str = "\
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; \
    PRAGMA wal_autocheckpoint = 4096";

/// Connections that nobody uses now. One that fails is not put back.
#[derive(Clone)]
pub(super) struct Shelf(Arc<Shared>);

struct Shared {
    file: DatabaseFile,
    patience: Duration,
    settings: &'static str,
    /// How long it may be since the file was looked for.
    trust: Duration,
    /// Nothing at all once the store is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Shelf {
    /// For connections that read, in threads that must not wait: a lock that somebody else holds is an
    /// error at once. The file may have been there so long ago that `trust` says.
    pub(super) fn of_readers(file: DatabaseFile, trust: Duration) -> Self {
        Self::new(file, Duration::ZERO, READER, trust)
    }

    /// For connections that write, and wait for the disk at the end of each transaction.
    ///
    /// The log takes 16 MiB before it goes into the file: pages that many rows share go there once.
    pub(super) fn of_writers(file: DatabaseFile, patience: Duration) -> Self {
        Self::new(file, patience, WRITER, Duration::ZERO)
    }

    fn new(
        file: DatabaseFile,
        patience: Duration,
        settings: &'static str,
        trust: Duration,
    ) -> Self {
        let idle = Mutex::new(Some(Vec::new()));
        Self(Arc::new(Shared { file, patience, settings, trust, idle }))
    }

    /// Takes a connection, or makes one. There are as many as threads that ask at once.
    pub(super) fn take(&self) -> std::result::Result<InPlace, StoreError> {
        let Shared { file, trust, .. } = &*self.0;
        file.was_there_lately(*trust).map_err(unavailable)?;
        let idle = match &mut *self.idle() {
            None => return Err(unavailable("the store is closed")),
            Some(idle) => idle.pop(),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = self.connect().map_err(unavailable)?;
                // It shall not be another file that is read from now on.
                file.is_still_there().map_err(unavailable)?;
                connection
            }
        };
        Ok(InPlace { connection, shelf: self.clone() })
    }

    pub(super) fn connect(&self) -> Result<Connection> {
        let Shared { file, patience, settings, .. } = &*self.0;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file.path(), flags)?;
        connection.busy_timeout(*patience)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(settings)?;
        Ok(connection)
    }

    /// Closes what is idle now, and what comes back later.
    pub(super) fn close(&self) {
        self.idle().take();
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use; dropped, it is closed.
pub(super) struct InPlace {
    connection: Connection,
    shelf: Shelf,
}

impl InPlace {
    /// Runs a statement; the answer is how many rows it wrote.
    pub(super) fn execute(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
    ) -> std::result::Result<u64, StoreError> {
        let written = self.bound(statement, values).and_then(|mut bound| bound.raw_execute());
        written.map(|rows| rows as u64).map_err(unavailable)
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(super) fn fetch<T>(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> std::result::Result<Vec<T>, StoreError> {
        let mut bound = self.bound(statement, values).map_err(unavailable)?;
        let mut found = bound.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(unavailable)? {
            rows.push(decode(&Row::in_place(row))?);
        }
        Ok(rows)
    }

    /// Runs statements that take no values.
    pub(super) fn run(&mut self, statements: &str) -> std::result::Result<(), StoreError> {
        self.connection.execute_batch(statements).map_err(unavailable)
    }

    /// Gives the connection back.
    pub(super) fn finish(self) {
        let Self { connection, shelf } = self;
        if let Some(idle) = &mut *shelf.idle() {
            idle.push(connection);
        }
    }

    /// A statement with its values. SQLite numbers `$3` by where it occurs first, not by its name.
    fn bound(&self, statement: &str, values: &[Value<'_>]) -> Result<CachedStatement<'_>> {
        let mut prepared = self.connection.prepare_cached(statement)?;
        for place in 1..=prepared.parameter_count() {
            let name = prepared.parameter_name(place).and_then(|name| name.strip_prefix('$'));
            let number = name.and_then(|number| number.parse::<usize>().ok());
            let value = number.and_then(|number| values.get(number.checked_sub(1)?));
            let value =
                *value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), place))?;
            prepared.raw_bind_parameter(place, value)?;
        }
        Ok(prepared)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
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
    use crate::{StoreOptions, StoreUrl};

    async fn shelves(folder: &tempfile::TempDir) -> [Shelf; 2] {
        let path = folder.path().join("s.db");
        let url = StoreUrl::sqlite(&path);
        let options = StoreOptions::default();
        super::super::sqlite::SqlitePools::open(&url, &path, &options).await.unwrap();
        let file = DatabaseFile::of(path).unwrap();
        let patience = Duration::from_secs(1);
        [Shelf::of_readers(file.clone(), Duration::ZERO), Shelf::of_writers(file, patience)]
    }

    fn number(of: &mut InPlace, statement: &str) -> u64 {
        let mut bound = of.bound(statement, &[]).unwrap();
        let mut rows = bound.raw_query();
        let row = rows.next().unwrap().unwrap();
        row.get::<_, i64>(0).unwrap().cast_unsigned()
    }

    #[tokio::test]
    async fn a_writer_waits_for_the_disk_and_a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let [readers, writers] = shelves(&folder).await;
        let mut writer = writers.take().unwrap();
        assert_eq!(number(&mut writer, "PRAGMA synchronous"), 2, "FULL");
        assert_eq!(number(&mut writer, "PRAGMA foreign_keys"), 1);
        assert_eq!(number(&mut writer, "PRAGMA busy_timeout"), 1000);
        writer.run("CREATE TABLE t (a TEXT, b TEXT)").unwrap();
        let mut reader = readers.take().unwrap();
        let refused = reader.execute("INSERT INTO t (a, b) VALUES ('1', '2')", &[]);
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_value_goes_where_its_number_is() {
        let folder = tempfile::tempdir().unwrap();
        let [_, writers] = shelves(&folder).await;
        let mut writer = writers.take().unwrap();
        writer.run("CREATE TABLE t (a TEXT, b TEXT)").unwrap();
        let (one, two) = (Value::from("one"), Value::from("two"));
        writer.execute("INSERT INTO t (b, a) VALUES ($2, $1)", &[one, two]).unwrap();
        let backwards = "SELECT b FROM t WHERE b = $2 AND a = $1";
        let found = writer.fetch(backwards, &[one, two], |row| row.text("b")).unwrap();
        assert_eq!(found, ["two"]);
        assert!(writer.execute(backwards, &[one]).is_err(), "one is missing");
    }

    #[tokio::test]
    async fn what_is_not_given_back_is_closed_and_nothing_is_taken_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let [_, writers] = shelves(&folder).await;
        let mut broken_off = writers.take().unwrap();
        broken_off.run("BEGIN IMMEDIATE").unwrap();
        drop(broken_off);
        let mut next = writers.take().unwrap();
        next.run("BEGIN IMMEDIATE; COMMIT").unwrap();
        next.finish();
        assert_eq!(writers.idle().as_ref().map(Vec::len), Some(1));
        let late = writers.take().unwrap();
        writers.close();
        late.finish();
        assert!(writers.idle().is_none());
        assert!(matches!(writers.take().map(drop), Err(StoreError::Unavailable(_))));
    }
}
