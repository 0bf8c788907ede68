//! Where everything is kept.

use std::path::{Path, PathBuf};

use scopegate_store::{StoreOptions, StoreUrl};

/// The default folder of the database and the master key.
const DATA_FOLDER: &str = "scopegate-data";

/// Where everything is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreConfig {
    /// The database.
    pub url: StoreUrl,
    /// Options of the connection.
    pub options: StoreOptions,
}

impl StoreConfig {
    pub(super) fn in_folder(folder: &Path) -> Self {
        let path = folder.join(DATA_FOLDER).join("scopegate.db");
        Self { url: StoreUrl::sqlite(path), options: StoreOptions::default() }
    }

    /// Maximum connections to a database server; 0 for SQLite.
    pub(super) fn database_connections(&self) -> u32 {
        if self.url.sqlite_path().is_some() { 0 } else { self.options.most_connections() }
    }

    /// The folder for files that are kept beside the database, such as the master key.
    pub(super) fn data_folder(&self, folder: &Path) -> PathBuf {
        match self.url.sqlite_path() {
            Some(path) => path.parent().unwrap_or(Path::new("")).to_owned(),
            None => folder.join(DATA_FOLDER),
        }
    }
}
