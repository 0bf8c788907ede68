//! Files that arguments name.

use std::path::Path;

use super::failure::CliError;

/// Reads a file that an argument names.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path)
        .map_err(|error| CliError::BadInput(format!("{}: cannot be read: {error}", path.display())))
}
