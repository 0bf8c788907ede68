//! SQLite: a file, one thread that writes to it, and connections that read.
//!
//! - [`file`] makes the file and notices when it is moved away.
//! - [`connection`] runs statements.
//! - [`readers`] read in the calling thread, or off the runtime where that takes long.
//! - [`writer`] is the thread that writes. [`group`] writes in one transaction what waits, which is
//!   [`work`].

mod connection;
mod failure;
mod file;
mod group;
mod poll;
mod readers;
mod work;
mod write_connection;
mod writer;

pub(super) use connection::Connection;
pub(crate) use poll::Poll;
pub(super) use work::Work;
pub(super) use writer::{Queued, Writer};

use std::path::Path;
use std::time::Duration;

use scopegate_core::store::StoreError;

use super::row::Decode;
use super::value::Value;
use crate::error::OpenError;
use crate::store_options::StoreOptions;
use crate::store_url::StoreUrl;
use failure::is_read_only;
use file::DatabaseFile;
use readers::Readers;
use write_connection::WriteConnection;

/// How long a lock is waited for, unless the options say otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// A database of SQLite. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Sqlite {
    file: DatabaseFile,
    readers: Readers,
    writer: Writer,
}

impl Sqlite {
    pub(super) async fn open(
        url: &StoreUrl,
        path: &Path,
        options: &StoreOptions,
    ) -> Result<Self, OpenError> {
        let (url, path) = (url.clone(), path.to_owned());
        let patience = options.patience.unwrap_or(PATIENCE);
        let unreachable = OpenError::unreachable(&url, &"the thread that opens it broke off");
        let opening = tokio::task::spawn_blocking(move || Self::open_file(&url, &path, patience));
        opening.await.unwrap_or(Err(unreachable))
    }

    /// The same in a thread that may block.
    fn open_file(url: &StoreUrl, path: &Path, patience: Duration) -> Result<Self, OpenError> {
        // An absolute path keeps its meaning when the working directory changes.
        let path = std::path::absolute(path).map_err(|e| OpenError::not_writable(path, &e))?;
        file::make(&path)?;
        let first = WriteConnection::open_with_log(&path, patience);
        let first = first.map_err(|error| match is_read_only(&error) {
            true => OpenError::not_writable(&path, &error),
            false => OpenError::unreachable(url, &error),
        })?;
        let unreachable = |error| OpenError::unreachable(url, &error);
        let file = DatabaseFile::at(path).map_err(unreachable)?;
        let readers = Readers::of(file.clone(), patience);
        let connection = WriteConnection::new(file.clone(), patience, first);
        let writer = Writer::start(connection).map_err(unreachable)?;
        Ok(Self { file, readers, writer })
    }

    /// The thread that writes.
    pub(super) const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Runs one statement that reads a few rows, in the calling thread unless it has to wait for a lock.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        match self.readers.read_here(statement, values, decode) {
            Err(error) if failure::is_locked(&error) => {
                self.readers.read_elsewhere(statement, values, decode).await
            }
            answer => answer,
        }
    }

    /// Runs one statement in a thread that may block.
    pub(super) async fn read_long<T: Send + 'static>(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.readers.read_elsewhere(statement, values, decode).await
    }

    /// Copies the log into the file through a connection that reads, so that no job waits for it.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        self.read_long("PRAGMA wal_checkpoint(PASSIVE)", &[], |_| Ok(())).await.map(drop)
    }

    pub(super) fn poll(&self, interval: Duration) -> Poll {
        Poll::of(self.file.clone(), interval)
    }

    pub(super) async fn close(&self) {
        self.readers.close();
        // The connection that is closed last copies the log into the file.
        self.writer.close().await;
    }
}
