//! How a command fails: what is shown, and the exit code.

use std::error::Error;
use std::process::ExitCode;

use scopegate_server::config::ConfigError;
use scopegate_server::setup::SetupError;
use scopegate_server::{ListenError, StartError};

use super::console;

/// Why a command has failed.
#[derive(Debug)]
pub(super) enum CliError {
    /// A file or a variable is wrong. Each line names its place. The exit code is 2.
    BadInput(String),
    /// The command could not be carried out. The exit code is 1.
    Failed(String),
    /// Nobody reads the result any more, as in `… | head -1`. That is no fault: the exit code is 0.
    Unread,
    /// The arguments do not fit together. The exit code is 2.
    Usage(clap::Error),
}

impl CliError {
    /// An error with all its causes in one line.
    pub(super) fn failed(error: &dyn Error) -> Self {
        Self::Failed(chain(error))
    }

    /// Arguments that do not fit together.
    pub(super) fn usage(message: &str) -> Self {
        Self::Usage(clap::Error::raw(
            clap::error::ErrorKind::ArgumentConflict,
            format!("{message}\n"),
        ))
    }

    /// The result could not be written.
    pub(super) fn unwritten(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Failed(format!("cannot write the result: {error}")),
        }
    }

    /// Shows the failure. Returns the exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::BadInput(lines) => {
                console::notice(&lines);
                ExitCode::from(2)
            }
            Self::Failed(message) => {
                for line in message.lines() {
                    console::notice(&format!("scopegate: {line}"));
                }
                ExitCode::from(1)
            }
            Self::Unread => ExitCode::SUCCESS,
            Self::Usage(error) => error.exit(),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::BadInput(chain(&error))
    }
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Catalog(errors) => Self::BadInput(errors.to_string()),
            error => Self::failed(&error),
        }
    }
}

impl From<ListenError> for CliError {
    fn from(error: ListenError) -> Self {
        Self::failed(&error)
    }
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        Self::failed(&error)
    }
}

/// An error with its causes. A cause that the text before already ends with is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;

    #[test]
    fn a_reader_that_closed_the_pipe_is_no_failure_and_a_full_disk_is() {
        let unwritten = |kind| CliError::unwritten(&io::Error::from(kind));
        assert!(matches!(unwritten(ErrorKind::BrokenPipe), CliError::Unread));
        assert!(matches!(unwritten(ErrorKind::StorageFull), CliError::Failed(_)));
    }
}
