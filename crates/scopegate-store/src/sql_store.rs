//! The store: a database that is opened and migrated.

use std::fmt;

use crate::database::Database;
use crate::group_commit::GroupCommit;
use crate::{OpenError, StoreOptions, StoreUrl, migration};

/// A store in SQLite or PostgreSQL.
///
/// Clones share their connections. It is used within the tokio runtime that it was opened in.
///
/// An operation whose future is dropped happened as a whole or not at all, and may cost a
/// connection: who cannot be sure that the answer is waited for runs it in a task of its own.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
    /// Where commits share a transaction; PostgreSQL writes many at once.
    pub(crate) group: Option<GroupCommit>,
    url: StoreUrl,
}

impl SqlStore {
    /// Opens a store, makes it if it is a file that is not there, and brings it up to date.
    ///
    /// Processes that open the same store at once wait for each other.
    ///
    /// # Errors
    ///
    /// [`OpenError`], if the store cannot be reached or written, or is newer than this program.
    pub async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let database = Database::open(url, options).await?;
        migration::migrate(&database, url).await?;
        tracing::debug!(store = %url, "the store is open");
        let group = match database.has_one_writer() {
            true => Some(GroupCommit::start(database.clone())),
            false => None,
        };
        let group = group.transpose().map_err(|error| OpenError::unreachable(url, &error))?;
        Ok(Self { database, group, url: url.clone() })
    }

    /// Where the store is.
    pub fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Closes all connections, those of clones too; what is asked for later fails.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", self.url)
    }
}
