//! `scopegate clients disable`, `enable` and `delete`

use clap::Args;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::clients::{self, ClientAdminError};
use scopegate_core::audit::Actor;
use scopegate_core::catalog::{ClientId, Owner, Status};
use scopegate_core::store::Review;
use scopegate_server::setup::Setup;
use serde_json::json;

use super::{door, known};
use crate::cli::console;
use crate::cli::failure::CliError;

/// Disable a client: it gets no tokens, and its refresh tokens end for good
///
/// Servers on the same store know it within about a second. Access tokens that the client holds already
/// are refused by introspection at once. An API that verifies them offline accepts them until they expire.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients disable batch

Exit codes: 0 disabled, 1 the store refused it (unknown client, owned by a file), 2 wrong arguments.")]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,
}

/// Enable a client that was disabled: its refresh tokens stay ended
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients enable batch

Exit codes: 0 enabled, 1 the store refused it (unknown client, owned by a file), 2 wrong arguments.")]
pub(crate) struct Enable {
    #[command(flatten)]
    which: Which,
}

/// Delete a client, after a question on a terminal
///
/// What it has ends for good: its refresh tokens, the codes that it has not redeemed, and the consents of
/// users to it. A program says --yes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients delete batch
  scopegate clients delete batch --yes

Exit codes: 0 deleted, 1 the store refused it or the answer was no, 2 wrong arguments.")]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Debug)]
struct Which {
    /// The client id
    #[arg(value_name = "ID", value_parser = ClientId::parse)]
    id: ClientId,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Disable {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        self.which.set_status(setup, Status::Inactive).await
    }
}

impl Enable {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        self.which.set_status(setup, Status::Active).await
    }
}

impl Which {
    async fn set_status(&self, setup: &Setup, status: Status) -> Result<(), CliError> {
        let families = self.open_families(setup).await?;
        let (command, done) = match status {
            Status::Active => ("clients enable", "enabled"),
            Status::Inactive => ("clients disable", "disabled"),
        };
        let actor = Actor::cli(command);
        clients::set_status(&door(setup, &actor), &self.id, status).await?;
        let ended = if status == Status::Inactive { families } else { 0 };
        if self.json {
            let mut shown = known(setup, &self.id).await?.details();
            shown["ended_refresh_token_families"] = ended.into();
            return console::result(&format!("{shown:#}"));
        }
        let with = match ended {
            0 => String::new(),
            ended => format!("; {} ended", families_text(ended)),
        };
        console::notice(&format!("{done} the client `{}`{with}", self.id));
        Ok(())
    }

    async fn open_families(&self, setup: &Setup) -> Result<u64, CliError> {
        let families = setup.store().open_families(&self.id, SystemClock.now()).await;
        families.map_err(|error| CliError::failed(&error))
    }
}

impl Delete {
    pub(super) async fn run(self, setup: &Setup) -> Result<(), CliError> {
        let Self { which, yes } = self;
        // Refused before the question.
        let client = known(setup, &which.id).await?.client;
        if client.owner == Owner::File {
            return Err(ClientAdminError::OwnedByFile(which.id).into());
        }
        let families = which.open_families(setup).await?;
        let lost = format!(
            "With the client `{}` ({}) end for good: {}, the codes that it has not redeemed, and \
             the consents of users to it. An API that verifies offline accepts the client's access \
             tokens until they expire.",
            which.id,
            crate::cli::table::on_one_line(&client.spec.name),
            families_text(families),
        );
        console::confirm(&lost, "Delete it?", yes)?;
        let actor = Actor::cli("clients delete");
        clients::delete(&door(setup, &actor), &which.id).await?;
        if which.json {
            let id = &which.id;
            let shown =
                json!({ "id": id, "deleted": true, "ended_refresh_token_families": families });
            return console::result(&format!("{shown:#}"));
        }
        let ended = families_text(families);
        console::notice(&format!("deleted the client `{}`; {ended} ended", which.id));
        Ok(())
    }
}

fn families_text(number: u64) -> String {
    match number {
        1 => "1 family of refresh tokens".to_owned(),
        number => format!("{number} families of refresh tokens"),
    }
}
