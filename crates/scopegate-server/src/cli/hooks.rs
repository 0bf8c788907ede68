//! `scopegate hooks`

mod list;
mod status;
mod trial;

use std::process::ExitCode;

use clap::Subcommand;

use super::Workplace;
use super::failure::CliError;

/// Look at token hooks, and try them
#[derive(Debug, Subcommand)]
pub(super) enum Hooks {
    List(list::List),
    Try(Box<trial::Try>),
    Status(status::Status),
}

impl Hooks {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        match self {
            Self::List(command) => command.run(place).await,
            Self::Try(command) => command.run(place).await,
            Self::Status(command) => command.run(place).await,
        }
    }
}
