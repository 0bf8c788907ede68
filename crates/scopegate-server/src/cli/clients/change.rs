//! `scopegate clients disable`, `enable` and `delete`

use clap::Args;
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::clients::{self, ClientAdminError};
use scopegate_core::catalog::{ClientId, ClientSpec, Owner, Status};
use scopegate_core::store::Review;
use scopegate_server::setup::Setup;
use serde_json::json;

use super::{door, known};
use crate::cli::failure::CliError;
use crate::cli::{console, person};

/// Disable a client: it gets no tokens, and its refresh tokens end for good
///
/// Servers on the same store know it within about a second. Access tokens that the client holds already
/// are refused by introspection at once. An API that verifies them offline accepts them until they expire.
///
/// A client of a catalog file is put on hold: whatever the file says, it stays disabled until `clients
/// enable` lifts the hold. Applying the file does not lift it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients disable batch

Exit codes: 0 disabled, 1 the store refused it (unknown client), 2 wrong arguments.")]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,
}

/// Enable a client that was disabled: its refresh tokens stay ended
///
/// This lifts the hold of a client of a catalog file. Then it has the status that the file says.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients enable batch

Exit codes: 0 enabled, 1 the store refused it (unknown client, INACTIVE in its file), 2 wrong arguments.")]
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
        let command = match status {
            Status::Active => "clients enable",
            Status::Inactive => "clients disable",
        };
        let actor = person::actor(command);
        clients::set_status(&door(setup, &actor), &self.id, status).await?;
        let ended = if status == Status::Inactive { families } else { 0 };
        let record = known(setup, &self.id).await?;
        if self.json {
            let mut shown = record.details();
            shown["ended_refresh_token_families"] = ended.into();
            return console::result(&format!("{shown:#}"));
        }
        let with = match ended {
            0 => String::new(),
            ended => format!("; {} ended", families_text(ended)),
        };
        console::notice(&format!("{}{with}", self.done(status, &record.client.spec)));
        Ok(())
    }

    /// What was done, by the state of the client afterwards.
    fn done(&self, wanted: Status, spec: &ClientSpec) -> String {
        let id = &self.id;
        match (spec.is_on_hold(), spec.status) {
            (true, _) => format!(
                "disabled the client `{id}`: it is on hold, and applying its catalog file does not \
                 enable it; `scopegate clients enable {id}` lifts the hold"
            ),
            (false, Status::Active) => format!("enabled the client `{id}`"),
            (false, Status::Inactive) if wanted.is_active() => format!(
                "lifted the hold of the client `{id}`; it stays disabled, because its catalog file says \
                 status = \"INACTIVE\""
            ),
            (false, Status::Inactive) => format!("disabled the client `{id}`"),
        }
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
        if client.owner != Owner::Api {
            return Err(ClientAdminError::OwnedByFile(which.id, client.owner).into());
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
        let actor = person::actor("clients delete");
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
