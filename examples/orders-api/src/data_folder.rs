//! The folder for the demo's data.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// The folder for the demo's data. A temporary one is deleted when this value is dropped.
#[derive(Debug)]
pub(crate) enum DataFolder {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl DataFolder {
    /// Opens the named folder, or a temporary one.
    pub(crate) fn open(named: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            let folder = tempfile::Builder::new().prefix("orders-api-").tempdir();
            return folder.map(Self::Temporary).context("cannot make a temporary folder");
        };
        let made = std::fs::create_dir_all(path).and_then(|()| std::path::absolute(path));
        let path = made.with_context(|| format!("cannot use the folder {}", path.display()))?;
        Ok(Self::Kept(path))
    }

    /// The path of the folder.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
