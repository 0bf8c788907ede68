//! Why a store cannot be opened, and the port's error for a failed storage.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use scopegate_core::store::StoreError;

/// Why a store cannot be opened; each text is one line, without a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL has this scheme, which is not supported.
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
    /// A pooler between the store and the server gives each transaction any free connection.
    #[error(
        "cannot open the store {store}: a pooler shares its connections transaction by transaction; \
         set `pool_mode = session` for it in pgbouncer.ini"
    )]
    TransactionPooling {
        /// The store.
        store: String,
    },
    /// The database does not answer, or refuses what the store needs.
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

/// The storage failed, and the request is not the cause.
pub(crate) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(said_once(&*cause.into()).into())
}

/// Tells whether a commit lost a race: an ordinary outcome, after which the connection is in order.
pub(crate) const fn is_lost_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict | StoreError::Changed(_))
}

/// The text of an error with its causes, without repetitions: drivers' errors often contain the text of
/// their causes.
pub(crate) fn said_once(error: &(dyn Error + 'static)) -> String {
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
}
