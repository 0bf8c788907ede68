//! How a store is used.

use std::time::Duration;

/// How a store is used: what is not said in its URL.
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
    pub(crate) trust: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { connections: 10, patience: None, trust: Duration::from_millis(100) }
    }
}

impl StoreOptions {
    /// How many connections are held to PostgreSQL at most, one more for listening aside; 10.
    ///
    /// SQLite writes through one connection always.
    #[must_use]
    pub fn connections(self, connections: u32) -> Self {
        Self { connections: connections.max(1), ..self }
    }

    /// How many connections are held to PostgreSQL at most, with the one for listening.
    pub fn most_connections(&self) -> u32 {
        self.connections.saturating_add(1)
    }

    /// How long an operation waits for a connection or a lock before it fails.
    ///
    /// 3 s for PostgreSQL, 5 s for SQLite, where writers wait for each other.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// How long reads of SQLite go on without looking whether the file is still in its place; 100 ms.
    ///
    /// Whoever writes looks each time, so that nothing is confirmed that would be lost.
    #[must_use]
    pub fn trust(self, trust: Duration) -> Self {
        Self { trust, ..self }
    }
}
