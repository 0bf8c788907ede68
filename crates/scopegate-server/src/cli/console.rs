//! Writes results to the standard output, and everything else to the standard error.

use std::io::{BufRead, IsTerminal, Write, stdin};

use serde::Serialize;

use super::failure::CliError;

/// Writes a result.
pub(super) fn result(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| CliError::unwritten(&error))
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

/// Asks on a terminal before something is lost. A program says `--yes` instead.
pub(super) fn confirm(what_is_lost: &str, question: &str, is_sure: bool) -> Result<(), CliError> {
    if is_sure {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(CliError::usage("this cannot be undone: give --yes where nobody can be asked"));
    }
    notice(what_is_lost);
    notice(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    read.map_err(|error| CliError::Failed(format!("cannot read the answer: {error}")))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Failed("nothing was changed".into())),
    }
}
