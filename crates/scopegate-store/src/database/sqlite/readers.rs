//! Connections that read.
//!
//! SQLite finds a row in microseconds; handing the statement to another thread and waking up for its
//! answer takes several times as long. So short reads run in the calling thread, which may be one of the
//! runtime. Long ones run in a thread of their own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ToSql;
use rusqlite::types::Value as OwnedValue;
use scopegate_core::store::StoreError;
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::failure::failed;
use super::file::DatabaseFile;
use crate::database::row::Decode;
use crate::database::value::Value;
use crate::error::unavailable;

const SETTINGS: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -8192";

/// Maximum reads at once that run in threads of their own.
const ELSEWHERE: usize = 2;

/// Connections that read. There are as many as there are threads that read at once.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    file: DatabaseFile,
    /// How long a read that may wait does so, for a place and for a lock.
    patience: Duration,
    elsewhere: Arc<Semaphore>,
    /// `None` once they are closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn of(file: DatabaseFile, patience: Duration) -> Self {
        let (elsewhere, idle) = (Arc::new(Semaphore::new(ELSEWHERE)), Mutex::new(Some(Vec::new())));
        Self(Arc::new(Shared { file, patience, elsewhere, idle }))
    }

    /// Reads in the calling thread. A lock that another connection holds is an error at once.
    pub(super) fn read_here<T>(
        &self,
        statement: &str,
        values: &[impl ToSql],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(statement, values, decode, Duration::ZERO)
    }

    /// Reads in a thread that may block, and waits there for locks.
    pub(super) async fn read_elsewhere<T: Send + 'static>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let place = Arc::clone(&self.0.elsewhere).acquire_owned();
        let place = tokio::time::timeout(self.0.patience, place).await.map_err(unavailable)?;
        let (readers, values) = (self.clone(), values.iter().map(owned).collect::<Vec<_>>());
        let reading = tokio::task::spawn_blocking(move || {
            let rows = readers.read(statement, &values, decode, readers.0.patience);
            drop(place);
            rows
        });
        reading.await.map_err(unavailable)?
    }

    fn read<T>(
        &self,
        statement: &str,
        values: &[impl ToSql],
        decode: Decode<T>,
        lock_wait: Duration,
    ) -> Result<Vec<T>, StoreError> {
        let connection = self.take(lock_wait)?;
        let rows = connection.fetch(statement, values, decode)?;
        self.put_back(connection);
        Ok(rows)
    }

    /// Closes the connections that are idle now, and those that are put back later.
    pub(super) fn close(&self) {
        self.idle().take();
    }

    /// Takes an idle connection, or opens one. A connection that is not put back is closed.
    fn take(&self, lock_wait: Duration) -> Result<Connection, StoreError> {
        let file = &self.0.file;
        file.was_there().map_err(unavailable)?;
        let idle = match &mut *self.idle() {
            None => return Err(unavailable("the store is closed")),
            Some(idle) => idle.pop(),
        };
        if let Some(connection) = idle {
            connection.wait_for_locks(lock_wait).map_err(failed)?;
            return Ok(connection);
        }
        let connection = Connection::open(file.path(), SETTINGS, lock_wait).map_err(failed)?;
        // After opening, because another file may have taken the path in between.
        file.look().map_err(unavailable)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        if let Some(idle) = &mut *self.idle() {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owned(value: &Value<'_>) -> OwnedValue {
    match *value {
        Value::Bytes(bytes) => bytes.map(<[u8]>::to_vec).into(),
        Value::Integer(number) => number.into(),
        Value::Text(text) => text.map(str::to_owned).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: &str = "SELECT count(*) AS n FROM t";

    fn readers(folder: &tempfile::TempDir) -> (Readers, rusqlite::Connection) {
        let path = folder.path().join("s.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (c)").unwrap();
        let file = DatabaseFile::at(path).unwrap();
        (Readers::of(file, Duration::from_secs(600)), other)
    }

    #[test]
    fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, _other) = readers(&folder);
        let reader = readers.take(Duration::ZERO).unwrap();
        let refused = reader.run("INSERT INTO t VALUES (1)");
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_reader_waits_for_a_lock_without_the_calling_thread() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, other) = readers(&folder);
        // Without a write-ahead log a writer keeps readers out.
        other.execute_batch("BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)").unwrap();
        let locked = readers.read_here::<u64>(COUNT, &[] as &[Value<'_>], |row| row.number("n"));
        assert!(super::super::failure::is_locked(&locked.unwrap_err()));
        let read = readers.read_elsewhere(COUNT, &[], |row| row.number("n"));
        // The runtime has only this thread. If the reader blocked it, the lock would never be released.
        let release = async { other.execute_batch("COMMIT").unwrap() };
        let (rows, ()) = tokio::join!(read, release);
        assert_eq!(rows.unwrap(), [1]);
    }

    #[tokio::test]
    async fn values_reach_a_statement_in_another_thread() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, _other) = readers(&folder);
        let values = [Value::from("a"), Value::from(7_i64), Value::from(&[1; 32])];
        let statement = "SELECT $3 AS bytes, $1 AS text, $2 AS number";
        let read = readers.read_elsewhere(statement, &values, |row| {
            Ok((row.text("text")?, row.number("number")?, row.hash("bytes")?))
        });
        assert_eq!(read.await.unwrap(), [("a".to_owned(), 7, [1; 32])]);
    }

    #[test]
    fn connections_are_used_again_until_they_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, _other) = readers(&folder);
        let idle = || readers.idle().as_ref().map(Vec::len);
        let late = readers.take(Duration::ZERO).unwrap();
        let none: &[Value<'_>] = &[];
        for _ in 0..3 {
            readers.read_here(COUNT, none, |row| row.number("n")).unwrap();
            assert_eq!(idle(), Some(1));
        }
        readers.read_here::<()>("SELECT", none, |_| Ok(())).unwrap_err();
        assert_eq!(idle(), Some(0), "a connection that failed is closed");
        readers.close();
        readers.put_back(late);
        assert_eq!(idle(), None);
        assert!(matches!(readers.take(Duration::ZERO).map(drop), Err(StoreError::Unavailable(_))));
    }
}
