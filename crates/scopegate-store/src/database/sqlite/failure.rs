//! What an error of SQLite means.

use rusqlite::ErrorCode;
use scopegate_core::store::StoreError;

use crate::error::{said_once, unavailable};

/// Another connection holds a lock on the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Locked(String);

/// The error of the port for an error of the driver.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match is_busy(&error) {
        true => StoreError::Unavailable(Box::new(Locked(said_once(&error)))),
        false => unavailable(error),
    }
}

/// Tells whether a statement may succeed once another connection has released its lock.
pub(super) fn is_locked(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if cause.is::<Locked>())
}

/// The same for an error of the driver.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Tells whether the file cannot be written.
pub(super) fn is_read_only(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ReadOnly)
}
