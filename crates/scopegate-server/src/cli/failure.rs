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
