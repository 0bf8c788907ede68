//! SQLite: a file, and who writes to it when.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use scopegate_core::store::StoreError;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Pool, Sqlite};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::in_place::{InPlace, Shelf};
use super::pin::Pin;
use super::{Decode, Value};
use crate::error::unavailable;
use crate::{OpenError, StoreOptions, StoreUrl};

/// How often a change that another process made is looked for.
pub(super) const POLL: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections for answers that may be long, and for readers that wait for a lock.
const READERS: u32 = 2;
/// Primary result codes (<https://sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;

#[derive(Clone)]
pub(crate) struct SqlitePools {
    writer: Pool<Sqlite>,
    readers: Pool<Sqlite>,
    reads_in_place: Shelf,
    writes_in_place: Shelf,
    /// Who holds it writes. SQLite would let the others ask again and again; here they queue.
    turn: Arc<Mutex<()>>,
    pin: Arc<Pin>,
    patience: Duration,
    file: DatabaseFile,
}

/// The right to write, until it is dropped.
pub(super) struct Turn {
    pin: Arc<Pin>,
    _only: OwnedMutexGuard<()>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pin.end_write();
    }
}

impl SqlitePools {
    pub(super) async fn open(
        url: &StoreUrl,
        path: &Path,
        options: &StoreOptions,
    ) -> Result<Self, OpenError> {
        // A later change of the working directory must not lead to another file.
        let path = std::path::absolute(path).map_err(|e| OpenError::not_writable(path, &e))?;
        make_file(&path)?;
        let patience = options.patience.unwrap_or(PATIENCE);
        let connect = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(patience)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full);
        // The log goes into the file by those who write in place, or by whoever deletes much: never
        // while the driver's writer keeps others waiting.
        let writer = connect.clone().pragma("wal_autocheckpoint", "0");
        let writer =
            open_writer(writer, patience).await.map_err(|error| match primary_code(&error) {
                Some(READ_ONLY) => OpenError::not_writable(&path, &error),
                _ => OpenError::unreachable(url, &error),
            })?;
        let readers = pool(READERS, patience).connect_lazy_with(connect.pragma("query_only", "ON"));
        let file = DatabaseFile::of(path).map_err(|error| OpenError::unreachable(url, &error))?;
        Ok(Self {
            writer,
            readers,
            reads_in_place: Shelf::of_readers(file.clone(), options.trust),
            writes_in_place: Shelf::of_writers(file.clone(), patience),
            turn: Arc::default(),
            pin: Arc::default(),
            patience,
            file,
        })
    }

    pub(crate) async fn writer(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let connection = self.writer.acquire().await.map_err(unavailable)?;
        self.file.is_still_there().map_err(unavailable)?;
        Ok(connection)
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.file.is_still_there().map_err(unavailable)?;
        self.readers.acquire().await.map_err(unavailable)
    }

    /// Waits until nobody else of this process writes.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.turn).lock_owned());
        turn.await.map(|only| self.begin_turn(only)).map_err(unavailable)
    }

    /// The same for a thread that may block, with the connection to write through.
    pub(super) fn writer_in_place(&self) -> Result<(InPlace, Turn), StoreError> {
        let turn = self.begin_turn(Arc::clone(&self.turn).blocking_lock_owned());
        Ok((self.writes_in_place.take()?, turn))
    }

    fn begin_turn(&self, only: OwnedMutexGuard<()>) -> Turn {
        self.pin.begin_write();
        Turn { pin: Arc::clone(&self.pin), _only: only }
    }

    /// Runs one statement that reads a few rows, in the thread that asks.
    pub(super) fn read_in_place<T>(
        &self,
        statement: &str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut reader = self.reads_in_place.take()?;
        let rows = reader.fetch(statement, values, decode)?;
        reader.finish();
        self.pin.count_read(|| self.reads_in_place.connect());
        Ok(rows)
    }

    pub(super) async fn close(&self) {
        self.pin.close();
        self.reads_in_place.close();
        self.writes_in_place.close();
        self.readers.close().await;
        // The last connection to be closed takes the log into the file.
        self.writer.close().await;
    }
}

fn pool(connections: u32, patience: Duration) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Connects for writing. Going over to the log needs the file alone, and SQLite does not wait for
/// that: where several processes make the file at once, it is tried again.
async fn open_writer(
    connect: SqliteConnectOptions,
    patience: Duration,
) -> sqlx::Result<Pool<Sqlite>> {
    let connect = connect.journal_mode(SqliteJournalMode::Wal);
    let deadline = Instant::now() + patience;
    loop {
        match pool(1, patience).connect_with(connect.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.map(|code| code & 0xff)
}

/// One file is made at a time, so that nobody has SQLite open it before its maker has closed it.
static MAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Makes the file and its folder for their owner only; SQLite gives its log the same mode.
///
/// A file that is there already is not opened: a process that closes any descriptor of a file gives up
/// all locks that it has on it, those of SQLite too (<https://sqlite.org/howtocorrupt.html>, §2.2).
fn make_file(path: &Path) -> Result<(), OpenError> {
    let mut folders = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        file.mode(0o600);
    }
    if let Some(folder) = path.parent() {
        let made = folders.recursive(true).create(folder);
        made.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                OpenError::not_writable(folder, &"a file stands where a folder is needed")
            }
            _ => OpenError::not_writable(folder, &error),
        })?;
    }
    let _only = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match path.is_dir() {
            true => Err(OpenError::not_writable(path, &"a folder stands where a file is needed")),
            false => Ok(()),
        },
        made => made.map(drop).map_err(|error| OpenError::not_writable(path, &error)),
    }
}

/// The file that was opened, told apart from another one under the same name.
#[derive(Clone)]
pub(super) struct DatabaseFile(Arc<OpenedFile>);

struct OpenedFile {
    path: PathBuf,
    identity: (u64, u64),
    opened_at: std::time::Instant,
    /// When it was last there: microseconds since it was opened.
    was_there: AtomicU64,
}

impl DatabaseFile {
    pub(super) fn of(path: PathBuf) -> std::io::Result<Self> {
        let opened = OpenedFile {
            identity: identity(&path)?,
            path,
            opened_at: std::time::Instant::now(),
            was_there: AtomicU64::new(0),
        };
        Ok(Self(Arc::new(opened)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Fails if the file was removed or replaced: SQLite would go on to write into the old one, and
    /// what it confirms would be gone with the process.
    pub(super) fn is_still_there(&self) -> std::io::Result<()> {
        match identity(&self.0.path)? == self.0.identity {
            true => Ok(()),
            false => Err(std::io::Error::other("the database file has been replaced")),
        }
    }

    /// The same for whoever is content if it was there so long ago.
    pub(super) fn was_there_lately(&self, trust: Duration) -> std::io::Result<()> {
        let OpenedFile { opened_at, was_there, .. } = &*self.0;
        let now = opened_at.elapsed();
        let last = Duration::from_micros(was_there.load(Ordering::Relaxed));
        if now.saturating_sub(last) < trust {
            return Ok(());
        }
        self.is_still_there()?;
        was_there.store(u64::try_from(now.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|_| (0, 0))
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    #[test]
    fn a_file_that_was_there_lately_is_not_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        make_file(&path).unwrap();
        let file = DatabaseFile::of(path.clone()).unwrap();
        std::fs::rename(&path, folder.path().join("away.db")).unwrap();
        file.was_there_lately(Duration::from_secs(3600)).unwrap();
        file.was_there_lately(Duration::ZERO).unwrap_err();
        make_file(&path).unwrap();
        file.was_there_lately(Duration::ZERO).unwrap_err();
    }

    fn checkpoint(pools: &SqlitePools) -> u64 {
        let (mut writer, turn) = pools.writer_in_place().unwrap();
        let busy = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = writer.fetch(busy, &[], |row| row.number("busy")).unwrap();
        writer.finish();
        drop(turn);
        busy[0]
    }

    #[tokio::test]
    async fn the_lock_that_many_reads_keep_ends_before_a_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let url = StoreUrl::sqlite(&path);
        let options = StoreOptions::default();
        let pools = Arc::new(SqlitePools::open(&url, &path, &options).await.unwrap());
        let work = tokio::task::spawn_blocking(move || {
            let write = || {
                let (mut writer, turn) = pools.writer_in_place().unwrap();
                writer.run("CREATE TABLE IF NOT EXISTS t (c); INSERT INTO t VALUES (1)").unwrap();
                writer.finish();
                drop(turn);
            };
            let read = || {
                let n = "SELECT count(*) AS n FROM t";
                pools.read_in_place(n, &[], |row| row.number("n")).unwrap()[0]
            };
            for round in 1..4 {
                write();
                assert!((0..=100).all(|_| !pools.pin.is_held() && read() == round));
                assert!(pools.pin.is_held());
                assert_eq!(read(), round, "through another connection");
                // Nothing that reads is in the way of the log.
                assert_eq!(checkpoint(&pools), 0);
                assert!(!pools.pin.is_held());
            }
            // While somebody writes, it is not kept.
            let (writer, turn) = pools.writer_in_place().unwrap();
            assert!((0..300).all(|_| read() == 3 && !pools.pin.is_held()));
            writer.finish();
            drop(turn);
            pools.pin.close();
            assert!((0..300).all(|_| read() == 3 && !pools.pin.is_held()));
        });
        work.await.unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_made_for_its_owner_and_one_that_is_there_is_not_opened() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        make_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        make_file(&path).unwrap();
        let error = make_file(folder.path()).unwrap_err();
        assert!(error.to_string().contains("a folder stands where a file is needed"), "{error}");

        // A socket stands for the file: nobody can open one, not even root.
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap_err();
        make_file(&path).unwrap();
    }

    #[tokio::test]
    async fn a_reader_waits_for_a_lock_without_its_thread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let url = StoreUrl::sqlite(&path);
        let patience = Duration::from_secs(600);
        let options = StoreOptions::default().patience(patience).trust(patience);
        let pools = Arc::new(SqlitePools::open(&url, &path, &options).await.unwrap());
        // Without the log a writer keeps readers out.
        pools.writer.acquire().await.unwrap().close().await.unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA journal_mode = DELETE; CREATE TABLE t (c)").unwrap();
        other.execute_batch("BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)").unwrap();

        let database = super::super::Database::Sqlite(Arc::clone(&pools));
        let read = database.read("SELECT count(*) AS n FROM t", &[], |row| row.number("n"));
        // The runtime has this thread alone: if the reader kept it, nobody would give the lock back.
        let give_back = async { other.execute_batch("COMMIT").unwrap() };
        let (rows, ()) = tokio::join!(read, give_back);
        assert_eq!(rows.unwrap(), [1]);
    }

    async fn pragma(connection: &mut PoolConnection<Sqlite>, statement: &'static str) -> String {
        let row = sqlx::query(statement).fetch_one(&mut **connection).await.unwrap();
        row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string())
    }

    #[tokio::test]
    async fn a_writer_waits_for_the_disk_and_a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let url = StoreUrl::sqlite(&path);
        let pools = SqlitePools::open(&url, &path, &StoreOptions::default()).await.unwrap();
        let mut writer = pools.writer().await.unwrap();
        assert_eq!(pragma(&mut writer, "PRAGMA journal_mode").await, "wal");
        assert_eq!(pragma(&mut writer, "PRAGMA synchronous").await, "2", "FULL");
        assert_eq!(pragma(&mut writer, "PRAGMA foreign_keys").await, "1");
        assert_eq!(pragma(&mut writer, "PRAGMA busy_timeout").await, "5000");
        let mut reader = pools.reader().await.unwrap();
        let written = sqlx::query("CREATE TABLE t (c TEXT)").execute(&mut *reader).await;
        assert!(written.unwrap_err().to_string().contains("readonly"));
    }
}
