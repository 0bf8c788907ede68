//! The store: a database that is opened and migrated.

use std::fmt;

use scopegate_core::authority::unattended::Unattended;

use crate::database::Database;
use crate::group_commit::GroupCommit;
use crate::{OpenError, StoreOptions, StoreUrl, logins, migration};

/// Maximum commits at once that are written even if nobody waits.
const UNATTENDED: u32 = 1024;

/// A store in SQLite or PostgreSQL.
///
/// Clones share their connections. It is used within the tokio runtime that it was opened in.
///
/// An operation whose future is dropped happened as a whole or not at all, and may cost a
/// connection. A commit that grants nothing happens even then
/// ([`Ledger::commit`](scopegate_core::store::Ledger::commit)).
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
    /// Where commits share a transaction; PostgreSQL writes many at once.
    pub(crate) group: Option<GroupCommit>,
    /// Where commits run that are written even if nobody waits.
    pub(crate) unattended: Unattended,
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
        // SQL knows no Unicode normalization.
        let filled = logins::fill(&database).await;
        filled.map_err(|error| OpenError::unreachable(url, &error))?;
        tracing::debug!(store = %url, "the store is open");
        let unattended = Unattended::with_places(UNATTENDED);
        let group = match database.has_one_writer() {
            true => Some(GroupCommit::start(database.clone(), unattended.clone())),
            false => None,
        };
        let group = group.transpose().map_err(|error| OpenError::unreachable(url, &error))?;
        Ok(Self { database, group, unattended, url: url.clone() })
    }

    /// Where the store is.
    pub fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Closes all connections, those of clones too; what is asked for later fails.
    ///
    /// Commits that are written even if nobody waits for them are written before.
    pub async fn close(&self) {
        self.unattended.close().await;
        if let Some(group) = &self.group {
            group.drain().await;
        }
        self.database.close().await;
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlStore({})", self.url)
    }
}
