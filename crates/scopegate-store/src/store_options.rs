//! How a store is used.

use std::time::Duration;

/// How a store is used: the settings that are not in its URL.
///
/// ```
/// use std::time::Duration;
/// use scopegate_store::StoreOptions;
///
/// let options = StoreOptions::default().connections(20).patience(Duration::from_secs(1));
/// assert_ne!(format!("{options:?}"), format!("{:?}", StoreOptions::default()));
/// ```
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub(crate) connections: u32,
    pub(crate) patience: Option<Duration>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { connections: 10, patience: None }
    }
}

impl StoreOptions {
    /// Maximum connections to PostgreSQL, not counting the one that listens; 10.
    ///
    /// SQLite has one connection that writes, whatever this number is.
    #[must_use]
    pub fn connections(self, connections: u32) -> Self {
        Self { connections: connections.max(1), ..self }
    }

    /// Maximum connections to PostgreSQL, counting the one that listens.
    pub fn most_connections(&self) -> u32 {
        self.connections.saturating_add(1)
    }

    /// How long an operation waits for a connection or a lock before it fails.
    ///
    /// 3 s for PostgreSQL, 5 s for SQLite, where another process may be writing.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }
}
