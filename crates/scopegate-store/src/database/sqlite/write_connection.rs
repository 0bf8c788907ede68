//! The one connection that writes.

use std::path::Path;
use std::time::{Duration, Instant};

use scopegate_core::store::StoreError;

use super::connection::Connection;
use super::failure::{failed, is_busy};
use super::file::DatabaseFile;
use crate::error::unavailable;

/// With `synchronous = FULL` a commit waits for the disk. The log grows to 16 MiB before SQLite copies it
/// into the file: a page that many commits changed is copied once.
const SETTINGS: &str = "\
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; \
    PRAGMA wal_autocheckpoint = 4096";

/// Taken at the beginning, the lock cannot be refused in the middle of a transaction.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// The connection that writes. After an error a new one is opened.
pub(super) struct WriteConnection {
    file: DatabaseFile,
    /// How long a transaction waits for another process that writes.
    patience: Duration,
    idle: Option<Connection>,
}

impl WriteConnection {
    pub(super) const fn new(file: DatabaseFile, patience: Duration, first: Connection) -> Self {
        Self { file, patience, idle: Some(first) }
    }

    /// Opens the file for the first time, and turns its write-ahead log on.
    ///
    /// SQLite does not wait for the exclusive lock that this needs. Where several processes make the file at
    /// the same time, it is tried again.
    pub(super) fn open_with_log(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
        let deadline = Instant::now() + patience;
        loop {
            let connection = Connection::open(path, SETTINGS, patience);
            let with_log = connection.and_then(|connection| {
                connection.turn_log_on()?;
                Ok(connection)
            });
            match with_log {
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                other => return other,
            }
        }
    }

    /// Begins a transaction. A connection that is dropped before the end of it rolls it back.
    pub(super) fn begin(&mut self) -> Result<Connection, StoreError> {
        self.file.look().map_err(unavailable)?;
        let connection = match self.idle.take() {
            Some(connection) => connection,
            None => {
                let path = self.file.path();
                let opened = Connection::open(path, SETTINGS, self.patience).map_err(failed)?;
                // After opening, because another file may have taken the path in between.
                self.file.look().map_err(unavailable)?;
                opened
            }
        };
        connection.run(BEGIN)?;
        Ok(connection)
    }

    pub(super) fn commit(&mut self, connection: Connection) -> Result<(), StoreError> {
        connection.run("COMMIT")?;
        self.idle = Some(connection);
        Ok(())
    }

    pub(super) fn roll_back(&mut self, connection: Connection) -> Result<(), StoreError> {
        connection.run("ROLLBACK")?;
        self.idle = Some(connection);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn number(of: &Connection, statement: &str) -> u64 {
        let rows = of.fetch(statement, &[] as &[i64], |row| row.number("n")).unwrap();
        rows[0]
    }

    fn write_connection(folder: &tempfile::TempDir) -> WriteConnection {
        let path = folder.path().join("s.db");
        file::make(&path).unwrap();
        let patience = Duration::from_secs(1);
        let first = WriteConnection::open_with_log(&path, patience).unwrap();
        WriteConnection::new(DatabaseFile::at(path).unwrap(), patience, first)
    }

    #[test]
    fn a_writer_waits_for_the_disk_and_for_locks() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = write_connection(&folder);
        for round in 0..2 {
            let connection = writer.begin().unwrap();
            let settings = [
                "SELECT journal_mode = 'wal' AS n FROM pragma_journal_mode",
                "SELECT synchronous = 2 AS n FROM pragma_synchronous",
                "SELECT foreign_keys AS n FROM pragma_foreign_keys",
                "SELECT timeout = 1000 AS n FROM pragma_busy_timeout",
            ];
            for setting in settings {
                assert_eq!(number(&connection, setting), 1, "{setting} in round {round}");
            }
            // The next connection is a new one.
            drop(connection);
        }
    }

    #[test]
    fn a_connection_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = write_connection(&folder);
        let connection = writer.begin().unwrap();
        connection.run("CREATE TABLE t (c)").unwrap();
        writer.commit(connection).unwrap();
        let broken_off = writer.begin().unwrap();
        broken_off.run("INSERT INTO t VALUES (1)").unwrap();
        drop(broken_off);
        let rolled_back = writer.begin().unwrap();
        rolled_back.run("INSERT INTO t VALUES (2)").unwrap();
        writer.roll_back(rolled_back).unwrap();
        let connection = writer.begin().unwrap();
        assert_eq!(number(&connection, "SELECT count(*) AS n FROM t"), 0);
    }
}
