//! The store: a database that is opened and migrated.

use std::fmt;

use scopegate_core::authority::unattended::Unattended;

use crate::database::Database;
use crate::error::OpenError;
use crate::store_options::StoreOptions;
use crate::store_url::StoreUrl;
use crate::{logins, migrations};

/// Maximum commits at once that are written without their callers.
const UNATTENDED: u32 = 1024;

/// A store in SQLite or PostgreSQL.
///
/// Clones share their connections. Use it within the tokio runtime that it was opened in.
///
/// When the future of an operation is dropped, the operation happened as a whole or not at all. A commit
/// that grants nothing happens even then ([`Ledger::commit`](scopegate_core::store::Ledger::commit)).
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
    /// Where commits run that are written without their callers.
    pub(crate) unattended: Unattended,
    url: StoreUrl,
}

impl SqlStore {
    /// Opens a store and applies the migrations that are missing. A file of SQLite is made if there is
    /// none.
    ///
    /// Processes that open the same store at the same time wait for each other.
    ///
    /// # Errors
    ///
    /// [`OpenError`], if the store cannot be reached or written, or is newer than this program.
    pub async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let database = Database::open(url, options).await?;
        migrations::apply(&database, url).await?;
        // After the migrations, because SQL has no Unicode normalization.
        let filled = logins::fill(&database).await;
        filled.map_err(|error| OpenError::unreachable(url, &error))?;
        tracing::debug!(store = %url, "the store is open");
        Ok(Self { database, unattended: Unattended::with_places(UNATTENDED), url: url.clone() })
    }

    /// Where the store is.
    pub fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Closes all connections, those of clones too. Later operations fail.
    ///
    /// Commits that are written without their callers are written before.
    pub async fn close(&self) {
        self.unattended.close().await;
        self.database.close().await;
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", self.url)
    }
}
