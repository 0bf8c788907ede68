//! Writes results to the standard output, and everything else to the standard error.

use std::io::Write;

use serde::Serialize;

use super::CliError;

/// Writes a result.
pub(super) fn result(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| CliError::Failed(format!("cannot write the result: {error}")))
}

/// Writes a result as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(value);
    result(&json.map_err(|error| CliError::failed(&error))?)
}

/// Writes a message to the standard error. It is lost if that is closed.
pub(super) fn notice(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
