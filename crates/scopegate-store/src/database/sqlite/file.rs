//! The file of the database: how it is made, and whether it is still in its place.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::OpenError;

/// A file that was opened.
///
/// When it is moved away or replaced, SQLite goes on with the old file: what it confirms is lost with the
/// process, and what it reads is no longer the truth. So each transaction that writes looks for the file
/// first, and so does the poll for changes. Reads fail from the moment when one of them has missed the
/// file, until one of them has found it again.
#[derive(Clone)]
pub(super) struct DatabaseFile(Arc<Opened>);

struct Opened {
    path: PathBuf,
    /// The device and the inode, where there are such numbers.
    identity: (u64, u64),
    /// What the last look found.
    is_there: AtomicBool,
}

impl DatabaseFile {
    pub(super) fn at(path: PathBuf) -> std::io::Result<Self> {
        let identity = identity(&path)?;
        Ok(Self(Arc::new(Opened { path, identity, is_there: AtomicBool::new(true) })))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Looks for the file, and fails if it was moved away or replaced.
    pub(super) fn look(&self) -> std::io::Result<()> {
        let found = match identity(&self.0.path) {
            Ok(identity) if identity == self.0.identity => Ok(()),
            Ok(_) => Err(Error::other("the database file has been replaced")),
            Err(error) => Err(error),
        };
        self.0.is_there.store(found.is_ok(), Ordering::Relaxed);
        found
    }

    /// Fails if the last look missed the file.
    pub(super) fn was_there(&self) -> std::io::Result<()> {
        match self.0.is_there.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::NotFound,
                "the database file has been moved away or replaced",
            )),
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|_| (0, 0))
}

/// Held while a file is made, so that SQLite opens it only after its maker has closed it.
static MAKING: Mutex<()> = Mutex::new(());

/// Makes the file and its folder, readable and writable by their owner only. SQLite gives its log the same
/// mode.
///
/// A file that exists is not opened here. When a process closes any descriptor of a file, it loses all
/// its locks on that file, SQLite's too (<https://sqlite.org/howtocorrupt.html>, §2.2).
pub(super) fn make(path: &Path) -> Result<(), OpenError> {
    let mut folders = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        file.mode(0o600);
    }
    if let Some(folder) = path.parent() {
        let made = folders.recursive(true).create(folder);
        made.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                OpenError::not_writable(folder, &"a file stands where a folder is needed")
            }
            _ => OpenError::not_writable(folder, &error),
        })?;
    }
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match path.is_dir() {
            true => Err(OpenError::not_writable(path, &"a folder stands where a file is needed")),
            false => Ok(()),
        },
        made => made.map(drop).map_err(|error| OpenError::not_writable(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_missed_from_the_first_look_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join("s.db"), folder.path().join("away.db"));
        make(&path).unwrap();
        let file = DatabaseFile::at(path.clone()).unwrap();
        std::fs::rename(&path, &away).unwrap();
        file.was_there().unwrap();
        file.look().unwrap_err();
        file.was_there().unwrap_err();
        make(&path).unwrap();
        file.look().unwrap_err();
        file.was_there().unwrap_err();
        std::fs::rename(&away, &path).unwrap();
        file.look().unwrap();
        file.was_there().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_made_for_its_owner_and_an_existing_file_is_not_opened() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        make(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        make(&path).unwrap();
        let error = make(folder.path()).unwrap_err();
        assert!(error.to_string().contains("a folder stands where a file is needed"), "{error}");

        // A socket stands for the file: nobody can open one, not even root.
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap_err();
        make(&path).unwrap();
    }
}
