//! Where the PIN of a token comes from.

use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::config::{PIN_VARIABLE, Pkcs11Config};
use crate::exposure::Exposure;
use crate::private_file;

/// Where the PIN of a token comes from. `Debug` hides it.
pub(super) struct PinSource {
    variable: Option<Zeroizing<String>>,
    file: Option<PathBuf>,
    exposure: Exposure,
}

/// Why there is no PIN.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum PinError {
    #[error(
        "the PIN of the PKCS#11 token is missing: set {PIN_VARIABLE}, or name a file as \"keys.pkcs11.pin_file\""
    )]
    Missing,
    #[error("cannot read the PIN of the PKCS#11 token in {}: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("others can read the PIN in {}: run `chmod 600 {}`", .0.display(), .0.display())]
    Exposed(PathBuf),
}

impl PinSource {
    /// The source that a configuration and the environment name.
    pub(super) fn of(config: &Pkcs11Config, exposure: Exposure) -> Self {
        let variable = std::env::var(PIN_VARIABLE).ok().map(Zeroizing::new);
        Self { variable, file: config.pin_file.clone(), exposure }
    }

    /// A PIN that is known.
    #[cfg(test)]
    pub(super) fn known(pin: &str) -> Self {
        let variable = Some(Zeroizing::new(pin.to_owned()));
        Self { variable, file: None, exposure: Exposure::Loopback }
    }

    /// The PIN. A file is read each time, so that a changed PIN needs no restart.
    pub(super) fn read(&self) -> Result<Zeroizing<String>, PinError> {
        if let Some(pin) = &self.variable {
            return Ok(pin.clone());
        }
        let path = self.file.as_ref().ok_or(PinError::Missing)?;
        let unreadable =
            |error: &io::Error| PinError::Unreadable { path: path.clone(), why: error.to_string() };
        if private_file::is_readable_by_others(path) {
            let exposed = PinError::Exposed(path.clone());
            match self.exposure {
                Exposure::Loopback => tracing::warn!("{exposed}"),
                Exposure::Public => return Err(exposed),
            }
        }
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| unreadable(&error))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(PinError::Missing),
            pin => Ok(Zeroizing::new(pin.to_owned())),
        }
    }
}

impl std::fmt::Debug for PinSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinSource").field("file", &self.file).finish_non_exhaustive()
    }
}
