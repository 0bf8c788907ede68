//! A lock for reading that is kept while nobody writes.
//!
//! Each read of SQLite asks the system for a lock and gives it back, which costs as much as the read;
//! but not while another connection of the process holds the same one. So while the file is only
//! read, a connection that does nothing else holds it. Whoever is going to write ends that before:
//! what was written is taken from the log into the file only when nobody needs an older state of it.
//! What another process writes is seen at once as ever, and stays in its log until this one writes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Result};

/// After so many reads without a write between them the lock is kept.
const READS: u32 = 100;

/// The lock, kept or not.
#[derive(Default)]
pub(super) struct Pin {
    /// How many reads there were since the last write.
    reads: AtomicU32,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    connection: Option<Connection>,
    /// Whether the connection is within a transaction that reads.
    is_kept: bool,
    /// How many write now, or have closed the store.
    writers: u32,
}

impl Pin {
    /// Counts a read, and keeps the lock if there were enough of them.
    pub(super) fn count_read(&self, connect: impl FnOnce() -> Result<Connection>) {
        if self.reads.fetch_add(1, Ordering::Relaxed) != READS {
            return;
        }
        let mut held = self.held();
        if held.writers == 0 && !held.is_kept {
            // Where it cannot be had, reads do without it.
            let connection = held.connection.take().map_or_else(connect, Ok);
            held.connection = connection.and_then(locked).ok();
            held.is_kept = held.connection.is_some();
        }
    }

    /// Ends it, until as many have [written](Self::end_write).
    pub(super) fn begin_write(&self) {
        let mut held = self.held();
        held.writers += 1;
        if std::mem::take(&mut held.is_kept) {
            // A connection that is closed keeps nothing.
            held.connection = held.connection.take().and_then(free);
        }
    }

    pub(super) fn end_write(&self) {
        self.held().writers -= 1;
        self.reads.store(0, Ordering::Relaxed);
    }

    /// Ends it for ever.
    pub(super) fn close(&self) {
        self.begin_write();
        self.held().connection = None;
    }

    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        self.held().is_kept
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that has begun to read, and goes on.
fn locked(connection: Connection) -> Result<Connection> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    Ok(connection)
}

/// The connection, if it has ended to read.
fn free(connection: Connection) -> Option<Connection> {
    connection.execute_batch("ROLLBACK").ok().map(|()| connection)
}
