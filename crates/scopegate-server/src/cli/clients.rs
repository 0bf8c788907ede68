//! `scopegate clients`

mod change;
mod create;
mod list;
mod new_secret;
mod record;
mod rotate_secret;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::clients::ClientAdminError;
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::audit::Actor;
use scopegate_core::catalog::{ClientId, Snapshot};
use scopegate_core::store::{CatalogStore, Review};
use scopegate_server::setup::Setup;

use self::record::ClientRecord;
use super::Workplace;
use super::failure::CliError;

/// Manage clients in the store
#[derive(Debug, Subcommand)]
pub(super) enum Clients {
    List(list::List),
    Show(show::Show),
    Create(Box<create::Create>),
    Disable(change::Disable),
    Enable(change::Enable),
    Delete(change::Delete),
    RotateSecret(rotate_secret::RotateSecret),
}

impl Clients {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        if let Self::Create(command) = self {
            return command.run(place).await;
        }
        // A client is changed or shown only in a store that exists.
        let setup = place.open_existing().await?;
        let done = self.run_on(&setup).await;
        setup.store().close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn run_on(self, setup: &Setup) -> Result<(), CliError> {
        match self {
            Self::List(command) => command.run(setup).await,
            Self::Show(command) => command.run(setup).await,
            Self::Disable(command) => command.run(setup).await,
            Self::Enable(command) => command.run(setup).await,
            Self::Delete(command) => command.run(setup).await,
            Self::RotateSecret(command) => command.run(setup).await,
            Self::Create(_) => Ok(()),
        }
    }
}

/// The stored catalog.
async fn catalog(setup: &Setup) -> Result<Snapshot, CliError> {
    let changes = setup.store().catalog_since(0).await;
    let changes = changes.map_err(|error| CliError::failed(&error))?;
    Ok(Snapshot::empty(setup.base()).after(changes))
}

/// The client with this id, which must exist.
async fn known(setup: &Setup, id: &ClientId) -> Result<ClientRecord, CliError> {
    let catalog = catalog(setup).await?;
    let found = catalog.client(id.as_str()).map_err(ClientAdminError::Unreadable)?;
    let client = found.ok_or_else(|| ClientAdminError::Unknown(id.clone()))?;
    let last_used_at = setup.store().client_use(id).await;
    let last_used_at = last_used_at.map_err(|error| CliError::failed(&error))?;
    Ok(ClientRecord { client: client.clone(), last_used_at, now: SystemClock.now() })
}

fn door<'a>(setup: &'a Setup, actor: &'a Actor) -> CatalogDoor<'a> {
    CatalogDoor { store: setup.store(), base: setup.base(), actor, now: SystemClock.now() }
}

impl From<ClientAdminError> for CliError {
    fn from(error: ClientAdminError) -> Self {
        Self::failed(&error)
    }
}
