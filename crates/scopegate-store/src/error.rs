//! Why a store cannot be opened, and how a driver's errors become the port's.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use scopegate_core::store::{Contested, StoreError};
use sqlx::error::DatabaseError;

/// Why a store cannot be opened; each text is one line, without a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names a database that is not supported, by this scheme.
    #[error("the store URL has no known scheme: write `sqlite:PATH` or `postgres://HOST/DATABASE`")]
    UnknownScheme(String),
    /// The URL cannot be used.
    #[error("the store URL is not valid: {0}")]
    InvalidUrl(String),
    /// The file or its folder cannot be made or written.
    #[error("cannot write `{}`: {cause}", path.display())]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "the store {store} is newer than this program: its schema is {found}, known is {known}; \
         run the newer version"
    )]
    Newer {
        /// The store.
        store: String,
        /// The number of its newest migration.
        found: u64,
        /// The number of the newest migration of this program.
        known: u64,
    },
    /// A pooler gives each transaction whichever connection to the server is free.
    #[error(
        "cannot open the store {store}: a pooler shares its connections transaction by transaction; \
         set `pool_mode = session` for it in pgbouncer.ini"
    )]
    TransactionPooling {
        /// The store.
        store: String,
    },
    /// The database does not answer, or refuses what is needed to start.
    #[error("cannot open the store {store}: {cause}")]
    Unreachable {
        /// The store.
        store: String,
        /// What the database or the system said.
        cause: String,
    },
}

impl OpenError {
    pub(crate) fn not_writable(path: &Path, cause: &dyn fmt::Display) -> Self {
        Self::NotWritable { path: path.to_owned(), cause: one_line(cause) }
    }

    pub(crate) fn unreachable(store: &dyn fmt::Display, cause: &dyn fmt::Display) -> Self {
        Self::Unreachable { store: store.to_string(), cause: one_line(cause) }
    }
}

fn one_line(cause: &dyn fmt::Display) -> String {
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The storage failed: whatever the driver says is no fault of who asked.
///
/// The driver's errors repeat what their causes say, so that they become one text.
pub(crate) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    let cause = cause.into();
    let text = said_once(&*cause);
    if let Some(rusqlite::Error::SqliteFailure(error, _)) = cause.downcast_ref() {
        return StoreError::Unavailable(match error.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Box::new(Locked(text)),
            _ => text.into(),
        });
    }
    let database = cause.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    let code = database.and_then(DatabaseError::code);
    StoreError::Unavailable(match code.as_deref() {
        Some(DEADLOCK | SERIALIZATION) => Box::new(Aborted(text)),
        Some(UNIQUE_VIOLATION) => Box::new(Taken(text)),
        _ => text.into(),
    })
}

/// What must be unique was written by somebody else meanwhile, unseen by the statement (PostgreSQL's
/// manual, appendix A). SQLite writes one transaction at a time: its statements see all of that.
const UNIQUE_VIOLATION: &str = "23505";

/// A row was not written because another one has its key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Taken(String);

/// Somebody else was faster to take a key: that is a lost race, and no failure of the storage.
pub(crate) fn lost_if_taken(error: StoreError, of: Contested) -> StoreError {
    match error {
        StoreError::Unavailable(cause) if cause.is::<Taken>() => StoreError::Changed(of),
        error => error,
    }
}

/// Somebody else holds a lock on the file of SQLite.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Locked(String);

/// Tells whether SQLite may answer as soon as somebody else has given a lock back.
pub(crate) fn is_locked(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if cause.is::<Locked>())
}

/// Why PostgreSQL ends a transaction that may succeed when it is tried again (its manual, appendix A).
const DEADLOCK: &str = "40P01";
const SERIALIZATION: &str = "40001";

/// The database ended one transaction so that others could go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Aborted(String);

/// So often a transaction is tried that is ended for the sake of others.
const ATTEMPTS: usize = 5;

/// Does something that is a transaction of its own, and again if the database ended it for the sake of
/// others.
pub(crate) async fn again_if_aborted<F, T>(work: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(StoreError::Unavailable(cause)) if cause.is::<Aborted>() => {}
            other => return other,
        }
    }
    work().await
}

/// An error with its causes; what is said already is not said again.
fn said_once(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |cause| (*cause).source()) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the pool is empty")]
    struct Empty(#[source] std::io::Error);

    fn sources(error: &StoreError) -> Vec<String> {
        let sources = std::iter::successors(error.source(), |cause| (*cause).source());
        sources.map(ToString::to_string).collect()
    }

    #[test]
    fn a_chain_of_errors_says_each_thing_once() {
        let broken = || std::io::Error::other("broken pipe");
        let repeated = unavailable(sqlx::Error::Io(broken()));
        assert_eq!(sources(&repeated), ["error communicating with database: broken pipe"]);
        assert_eq!(sources(&unavailable(Empty(broken()))), ["the pool is empty: broken pipe"]);
        assert_eq!(sources(&unavailable("read-only")), ["read-only"]);
    }

    #[tokio::test]
    async fn what_the_database_says_is_said_once() {
        let url = "sqlite::memory:";
        let mut database =
            <sqlx::SqliteConnection as sqlx::Connection>::connect(url).await.unwrap();
        let failed = sqlx::query("SELECT * FROM nowhere").execute(&mut database).await;
        let sources = sources(&unavailable(failed.unwrap_err()));
        assert_eq!(sources.len(), 1, "{sources:?}");
        assert_eq!(sources[0].matches("no such table: nowhere").count(), 1, "{sources:?}");
    }
}
