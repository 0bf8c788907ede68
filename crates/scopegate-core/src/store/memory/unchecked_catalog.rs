//! Writing the catalog as no part of the server does.

use crate::catalog::{Edit, Owner};
use crate::directory::NewUser;
use crate::store::{AppliedFile, CatalogStore, CatalogWrite, FileMark, StoreError};
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
        let file = |version| AppliedFile { version, ..AppliedFile::default() };
        let files =
            file_version.map(|version| FileMark { owner: Owner::File, file: file(version) });
        let files = files.as_slice();
        self.edit_catalog(&CatalogWrite { files, seeds, ..write }).await
    }
}

impl<S: CatalogStore + ?Sized> UncheckedCatalog for S {}
