//! `scopegate token`

mod inspect;
mod issuer_keys;
mod mint;
mod origin;
mod verdict;

use std::process::ExitCode;

use clap::Subcommand;

use super::Workplace;
use super::failure::CliError;

/// Make a token for a test, or inspect one
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    Mint(mint::Mint),
    Inspect(inspect::Inspect),
}

impl Token {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        match self {
            Self::Mint(command) => command.run(place).await,
            Self::Inspect(command) => command.run(place).await,
        }
    }
}
