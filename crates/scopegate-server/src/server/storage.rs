//! A storage together with the way to learn that its catalog or its signing keys have changed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scopegate_core::store::{CatalogStore, Store, StoreError, Versions};
use scopegate_store::SqlStore;

/// How often a storage is asked that cannot report changes itself.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A way to learn that a catalog or the signing keys have changed.
#[async_trait]
pub trait CatalogWatch: fmt::Debug + Send + Sync {
    /// Waits until the catalog or the keys are newer than some versions.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that cannot be found out. The next call starts again.
    async fn changed_after(&self, versions: Versions) -> Result<(), StoreError>;
}

#[async_trait]
impl CatalogWatch for SqlStore {
    async fn changed_after(&self, versions: Versions) -> Result<(), StoreError> {
        self.wait_for_change_after(versions).await.map(drop)
    }
}

/// A storage together with the way to learn that its catalog has changed.
///
/// Convert a [`SqlStore`] by [`From`]. For other storages see [`watched`](Self::watched) and
/// [`polled`](Self::polled).
#[derive(Clone, Debug)]
pub struct Storage {
    pub(super) store: Arc<dyn Store>,
    pub(super) watch: Arc<dyn CatalogWatch>,
}

impl Storage {
    /// A storage with its own way to report changes.
    pub fn watched(store: Arc<dyn Store>, watch: Arc<dyn CatalogWatch>) -> Self {
        Self { store, watch }
    }

    /// A storage that is asked for changes every 500 ms.
    pub fn polled(store: Arc<dyn Store>) -> Self {
        let watch = Arc::new(Polled(store.clone()));
        Self { store, watch }
    }
}

impl From<SqlStore> for Storage {
    fn from(store: SqlStore) -> Self {
        Self { watch: Arc::new(store.clone()), store: Arc::new(store) }
    }
}

#[derive(Debug)]
struct Polled(Arc<dyn CatalogStore>);

#[async_trait]
impl CatalogWatch for Polled {
    async fn changed_after(&self, versions: Versions) -> Result<(), StoreError> {
        while !self.0.versions().await?.is_newer_than(versions) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }
}
