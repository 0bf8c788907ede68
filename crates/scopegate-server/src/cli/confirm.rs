//! Asks before a change that is hard to undo.

use std::io::{BufRead, IsTerminal};

use super::console;
use super::failure::CliError;

/// Asks at a terminal whether to go on. Without a terminal nobody can be asked, so the command fails and says
/// that it needs `--yes`.
pub(super) fn ask(why: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(CliError::Failed(format!(
            "{why}, and there is no terminal to ask at: nothing was changed, add --yes to do it"
        )));
    }
    console::notice(&format!("{why}. Type yes to go on:"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match read {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        Ok(_) | Err(_) => Err(CliError::Failed("nothing was changed".to_owned())),
    }
}
