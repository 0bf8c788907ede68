//! `scopegate keys`

mod list;
mod revoke;
mod rewrap;
mod rotate;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::{AuthorizationServer, ServerId};

use super::Workplace;
use super::failure::CliError;

/// Manage the keys that sign tokens. A running server follows within seconds
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    List(list::List),
    Rotate(rotate::Rotate),
    Revoke(revoke::Revoke),
    Rewrap(rewrap::Rewrap),
}

impl Keys {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        if let Self::Rewrap(command) = self {
            return command.run(place).await;
        }
        let authority = place.authority().await?;
        let done = self.run_on(&authority).await;
        authority.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn run_on(self, authority: &Authority) -> Result<(), CliError> {
        match self {
            Self::List(command) => command.run(authority),
            Self::Rotate(command) => command.run(authority).await,
            Self::Revoke(command) => command.run(authority).await,
            Self::Rewrap(_) => Ok(()),
        }
    }
}

/// The server with this id, active or not.
fn server(authority: &Authority, id: &ServerId) -> Result<Arc<AuthorizationServer>, CliError> {
    let catalog = authority.catalog();
    let found = catalog.server(id).map_err(|row| CliError::failed(&*row))?;
    let unknown = || CliError::Failed(format!("there is no authorization server `{id}`"));
    found.map(Arc::clone).ok_or_else(unknown)
}

fn parse_server(text: &str) -> Result<ServerId, &'static str> {
    if text == ServerId::ORG { Ok(ServerId::org()) } else { ServerId::parse(text) }
}
