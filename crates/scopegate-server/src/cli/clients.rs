//! `scopegate clients`

mod create;

use std::process::ExitCode;

use clap::Subcommand;

use super::Workplace;
use super::failure::CliError;

/// Manage clients in the store
#[derive(Debug, Subcommand)]
pub(super) enum Clients {
    Create(Box<create::Create>),
}

impl Clients {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        match self {
            Self::Create(command) => command.run(place).await,
        }
    }
}
