//! Writing the catalog as no part of the server does.

use crate::catalog::Edit;
use crate::directory::NewUser;
use crate::store::{CatalogStore, CatalogWrite, StoreError};
use async_trait::async_trait;
use scopegate_claims::{Clock, SystemClock};

/// Writes rows of the catalog that nobody has checked, and without a record of who wrote them: for tests
/// of storages, and of what becomes of such rows.
///
/// The server writes through [`administration::edit_catalog`](crate::administration::edit_catalog).
#[async_trait]
pub trait UncheckedCatalog: CatalogStore {
    /// Writes changes if the catalog has the expected version. The answer is the new one.
    async fn write_catalog(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
    ) -> Result<u64, StoreError> {
        self.write_catalog_and_users(expected, edits, file_version, &[]).await
    }

    /// The same, and makes those users whose login is not known.
    async fn write_catalog_and_users(
        &self,
        expected: u64,
        edits: &[Edit],
        file_version: Option<u64>,
        seeds: &[NewUser],
    ) -> Result<u64, StoreError> {
        let write = CatalogWrite::new(expected, edits, SystemClock.now());
        self.edit_catalog(&CatalogWrite { file_version, seeds, ..write }).await
    }
}

impl<S: CatalogStore + ?Sized> UncheckedCatalog for S {}
