//! `scopegate who-can`

use std::process::ExitCode;

use clap::Args;
use scopegate_core::administration::reach::Row;
use scopegate_core::catalog::ServerId;

use super::failure::CliError;
use super::installation::Installation;
use super::reach::{self, Question};
use super::{Workplace, arguments};

/// Tell who can reach a scope
///
/// Lists every client that can get a token with the scope, by which grant and rule, and for which
/// users. Conditions on the time, the address, the sign-in and the resource are assumed to be
/// possible, and listed. The answer is exact for the clients and users in the store; of a server with
/// more than five scopes, not every set of scopes is tried.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate who-can --scope write:orders
  scopegate who-can --server stock --scope read:stock --json

Exit codes: 0 told, 1 it cannot be told.")]
pub(super) struct WhoCan {
    /// The authorization server
    #[arg(long, value_name = "ID", default_value = ServerId::DEFAULT, value_parser = arguments::server)]
    server: ServerId,

    /// The scope
    #[arg(long, value_name = "SCOPE")]
    scope: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl WhoCan {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        reach::answer(place, &self, self.json).await
    }
}

impl Question for WhoCan {
    type Found = Row;

    async fn ask(&self, of: &(dyn Installation + Sync)) -> Result<Vec<Row>, CliError> {
        of.who_can(&self.server, &self.scope).await
    }

    fn nothing(&self) -> String {
        let Self { server, scope, .. } = self;
        format!("no client can get `{scope}` at `{server}`")
    }

    fn rows(found: &[Row]) -> Vec<(String, &Row)> {
        found.iter().map(|row| (row.client.clone(), row)).collect()
    }
}
