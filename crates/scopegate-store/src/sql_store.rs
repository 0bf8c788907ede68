//! The store: a database that is opened and migrated.

use std::fmt;

use crate::database::Database;
use crate::{OpenError, StoreOptions, StoreUrl, migration};

/// A store in SQLite or PostgreSQL.
///
/// Clones share their connections. It is used within a tokio runtime.
///
/// An operation whose future is dropped happened as a whole or not at all, and costs a connection:
/// who cannot be sure that the answer is waited for runs it in a task of its own.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
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
        Ok(Self { database, url: url.clone() })
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
