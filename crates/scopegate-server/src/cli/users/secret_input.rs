//! Reads a password from the standard input: typed without being shown, or the first line of piped
//! input.

use std::io::{BufRead, IsTerminal, Read, stdin};

use scopegate_core::people::passwords::Password;
use zeroize::Zeroizing;

use crate::cli::console;
use crate::cli::failure::CliError;

/// The longest input that is read, in bytes: a password and the end of its line.
const MOST: u64 = Password::MAX_TYPED as u64 + 3;

/// Reads a new password.
pub(super) fn chosen() -> Result<Password, CliError> {
    let text = if stdin().is_terminal() { typed()? } else { line()? };
    Password::chosen(text).map_err(|error| CliError::BadInput(format!("the password: {error}")))
}

/// Asks twice, so that a typing error is noticed.
fn typed() -> Result<Zeroizing<String>, CliError> {
    let _unseen = Unseen::begin()?;
    let ask = |question: &str| {
        console::notice(question);
        line()
    };
    let first = ask("New password (it is not shown):")?;
    let second = ask("Once more:")?;
    if first != second {
        return Err(CliError::BadInput("the two passwords are not the same".into()));
    }
    Ok(first)
}

/// Reads one line, without its end.
fn line() -> Result<Zeroizing<String>, CliError> {
    let mut line = Zeroizing::new(String::with_capacity(Password::MAX_TYPED + 3));
    let read = stdin().lock().take(MOST).read_line(&mut line);
    read.map_err(|error| CliError::BadInput(format!("the password cannot be read: {error}")))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// Until this is dropped, the terminal does not show what is typed.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> Result<Self, CliError> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        let before = tcgetattr(stdin()).map_err(|error| CliError::failed(&error))?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &unseen)
            .map_err(|error| CliError::failed(&error))?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        // If this fails, there is no way to report it.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(not(unix))]
struct Unseen;

#[cfg(not(unix))]
impl Unseen {
    fn begin() -> Result<Self, CliError> {
        Err(CliError::BadInput("pipe the password into this command".into()))
    }
}
