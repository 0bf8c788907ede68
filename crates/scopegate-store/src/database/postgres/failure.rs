//! What an error of PostgreSQL means. The codes are those of its manual, appendix A.

use scopegate_core::store::StoreError;
use sqlx::error::DatabaseError;

use crate::error::{said_once, unavailable};

/// Another transaction has written the key, unseen by the statement's own check.
const UNIQUE_VIOLATION: &str = "23505";
/// The transaction was ended so that another can go on. It may succeed when it is tried again.
const DEADLOCK: &str = "40P01";
const SERIALIZATION: &str = "40001";

/// A row was not written because another one has its key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct KeyTaken(String);

/// The database ended the transaction so that another one can go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Aborted(String);

/// The error of the port for an error of the driver.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(DEADLOCK | SERIALIZATION) => {
            StoreError::Unavailable(Box::new(Aborted(said_once(&error))))
        }
        Some(UNIQUE_VIOLATION) => StoreError::Unavailable(Box::new(KeyTaken(said_once(&error)))),
        _ => unavailable(error),
    }
}

/// Tells whether another transaction took a key first: a lost race, not a failure of the storage.
pub(crate) fn is_key_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if cause.is::<KeyTaken>())
}

/// Tells whether a transaction may succeed when it is tried again.
pub(crate) fn is_aborted(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if cause.is::<Aborted>())
}
