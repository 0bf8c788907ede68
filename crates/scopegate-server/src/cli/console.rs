//! Results go to the standard output, everything else to the standard error.

use std::io::Write;

use super::CliError;

/// Writes a result.
pub(super) fn result(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| CliError::Failed(format!("cannot write the result: {error}")))
}

/// Writes what is said beside the result. Where nobody can hear it, it is lost.
pub(super) fn notice(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
