//! Where the master key of a process comes from.
//!
//! It is given by an environment variable or in a file. If there is neither, a process that only
//! its own machine can reach makes a key. Any other process must be given one, so that no public
//! server runs with a key of which nobody keeps a copy.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use scopegate_jose::MasterKey;
use zeroize::Zeroizing;

use crate::exposure::Exposure;
use crate::private_file::is_readable_by_others;

/// The environment variable that holds the key itself.
pub const VARIABLE: &str = "SCOPEGATE_MASTER_KEY";

/// The environment variable that holds another master key, while secrets are sealed again.
pub const PREVIOUS_VARIABLE: &str = "SCOPEGATE_PREVIOUS_MASTER_KEY";

/// Where to look for a master key.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make it")]
pub struct MasterKeySource<'a> {
    /// The file. It is read if the environment variable is not set.
    pub file: &'a Path,
    /// Who can reach the process that uses the key.
    pub exposure: Exposure,
}

/// Why there is no master key. Each message says in one line what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The value of the environment variable is not a master key.
    #[error("{VARIABLE} is no master key: it must be 32 random bytes in base64url, 43 characters")]
    InvalidVariable,
    /// The value of another environment variable is not a master key.
    #[error("{0} holds no master key: it must be 32 random bytes in base64url, 43 characters")]
    InvalidOther(String),
    /// Another environment variable is not set.
    #[error("the environment variable {0} is not set: it must hold a master key")]
    NoVariable(String),
    /// A file that was named does not exist.
    #[error("there is no file {}: it must hold a master key", .0.display())]
    NoFile(PathBuf),
    /// The content of the file is not a master key.
    #[error(
        "{} holds no master key: it must be 32 random bytes in base64url, 43 characters",
        .0.display()
    )]
    InvalidFile(PathBuf),
    /// Users other than the owner can read the file.
    #[error("others can read the master key in {}: run `chmod 600 {}`", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// Other machines can reach the process, and it was given no key.
    #[error(
        "there is no master key, and others can reach this server: set {VARIABLE}, or write one to {}; \
         `head -c 32 /dev/urandom | basenc --base64url | tr -d =` makes one",
        .0.display()
    )]
    Required(PathBuf),
    /// The storage was written under a key that is missing now.
    #[error(
        "the master key of this storage is missing: put it back into {}, or set {VARIABLE}",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the master key in {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write a master key to {}: {source}", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The key in a file that did not exist before.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "this process has made the key, or another one has")]
pub enum MadeKey {
    /// This process has made the key and written it.
    New(MasterKey),
    /// Another process wrote its key first.
    OfAnother(MasterKey),
}

impl MadeKey {
    /// The key, whoever made it.
    pub fn key(&self) -> &MasterKey {
        let (Self::New(key) | Self::OfAnother(key)) = self;
        key
    }

    /// The key, whoever made it.
    pub fn into_key(self) -> MasterKey {
        let (Self::New(key) | Self::OfAnother(key)) = self;
        key
    }
}

impl MasterKeySource<'_> {
    /// Finds the key that was given. `None` means that there is none and that one may be made.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] if the key is malformed, unreadable, exposed, or required and missing.
    pub fn find(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        let variable = std::env::var_os(VARIABLE);
        if let Some(text) = variable.map(|text| Zeroizing::new(text.to_string_lossy().into_owned()))
        {
            let key = MasterKey::parse(&text).map_err(|_| MasterKeyError::InvalidVariable)?;
            return Ok(Some(key));
        }
        if let Some(key) = self.read()? {
            return Ok(Some(key));
        }
        match self.exposure {
            Exposure::Loopback => Ok(None),
            Exposure::Public => Err(MasterKeyError::Required(self.file.to_owned())),
        }
    }

    /// Finds the other master key that a process may have besides its own: in
    /// [`PREVIOUS_VARIABLE`], else in this file.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] if a key is malformed, or a file that is named is missing or unreadable.
    pub fn find_previous(
        file: Option<&Path>,
        exposure: Exposure,
    ) -> Result<Option<MasterKey>, MasterKeyError> {
        if std::env::var_os(PREVIOUS_VARIABLE).is_some() {
            return Self::in_variable(PREVIOUS_VARIABLE).map(Some);
        }
        file.map(|file| MasterKeySource { file, exposure }.named()).transpose()
    }

    /// The key in the file, which must exist.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] if the file is missing, unreadable or malformed.
    pub fn named(&self) -> Result<MasterKey, MasterKeyError> {
        self.read()?.ok_or_else(|| MasterKeyError::NoFile(self.file.to_owned()))
    }

    /// The key in an environment variable, which must be set.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] if the variable is not set or malformed.
    pub fn in_variable(name: &str) -> Result<MasterKey, MasterKeyError> {
        let text = std::env::var_os(name);
        let text = text.ok_or_else(|| MasterKeyError::NoVariable(name.to_owned()))?;
        let text = Zeroizing::new(text.to_string_lossy().into_owned());
        MasterKey::parse(&text).map_err(|_| MasterKeyError::InvalidOther(name.to_owned()))
    }

    /// Makes a key and writes it to the file, which only its owner can read.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`] if the file cannot be written.
    pub fn make(&self) -> Result<MadeKey, MasterKeyError> {
        let key = MasterKey::generate();
        let not_writable =
            |source| MasterKeyError::NotWritable { path: self.file.to_owned(), source };
        match write_new(self.file, &key) {
            Ok(()) => Ok(MadeKey::New(key)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.read()?.map(MadeKey::OfAnother).ok_or_else(|| not_writable(error))
            }
            Err(error) => Err(not_writable(error)),
        }
    }

    /// The error that the key of a storage is missing.
    pub(crate) fn missing(&self) -> MasterKeyError {
        MasterKeyError::Missing(self.file.to_owned())
    }

    /// Accepts a key that was just made. From now on a storage depends on it.
    pub(crate) fn accept(&self, made: MadeKey) -> MasterKey {
        if let MadeKey::New(_) = made {
            let file = self.file.display();
            tracing::warn!("made a master key in {file}: keep a copy, without it all is lost");
        }
        made.into_key()
    }

    /// Deletes a key that this process has just made, after it has turned out to be the wrong one.
    /// A file that was found is kept: it may be the only copy of the key of another storage.
    pub(crate) fn unmake(&self, made: &MadeKey) {
        if let MadeKey::New(_) = made {
            // If the file cannot be deleted, the next start finds it and refuses it as the wrong
            // key.
            let _ = std::fs::remove_file(self.file);
        }
    }

    fn read(&self) -> Result<Option<MasterKey>, MasterKeyError> {
        let text = match std::fs::read_to_string(self.file) {
            Ok(text) => Zeroizing::new(text),
            Err(source) => {
                let path = self.file.to_owned();
                return match source.kind() {
                    io::ErrorKind::InvalidData => Err(MasterKeyError::InvalidFile(path)),
                    io::ErrorKind::NotADirectory | io::ErrorKind::NotFound => Ok(None),
                    _ => Err(MasterKeyError::Unreadable { path, source }),
                };
            }
        };
        let key = MasterKey::parse(&text);
        let key = key.map_err(|_| MasterKeyError::InvalidFile(self.file.to_owned()))?;
        if is_readable_by_others(self.file) {
            let exposed = MasterKeyError::Exposed(self.file.to_owned());
            match self.exposure {
                Exposure::Loopback => tracing::warn!("{exposed}"),
                Exposure::Public => return Err(exposed),
            }
        }
        Ok(Some(key))
    }
}

/// Creates the file with its whole content, or fails if it exists. Nobody can read half a key.
fn write_new(path: &Path, key: &MasterKey) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    // A temporary file of an earlier process with the same id, which has ended.
    let _ = std::fs::remove_file(&draft);
    let mut file = crate::private_file::create(&draft)?;
    let written = file
        .write_all(key.to_base64url().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        // Unlike a rename, a link never replaces an existing file.
        .and_then(|()| std::fs::hard_link(&draft, path));
    let _ = std::fs::remove_file(&draft);
    written
}

#[cfg(test)]
mod tests;
