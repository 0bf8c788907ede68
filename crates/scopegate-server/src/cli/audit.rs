//! `scopegate audit`

mod event_row;
mod kind;
mod list;

use std::process::ExitCode;

use clap::Subcommand;

use super::Workplace;
use super::failure::CliError;

/// Read the audit log: each decision and each change, with who, when and why
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    List(list::List),
}

impl Audit {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        match self {
            Self::List(command) => command.run(place).await,
        }
    }
}
