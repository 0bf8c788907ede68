//! `scopegate users disable`, `enable` and `delete`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::{Owner, Status};
use scopegate_core::store::UserKey;
use serde_json::json;

use super::{done, known, refused};
use crate::cli::failure::CliError;
use crate::cli::{console, person};

/// Disable a user: every session and every refresh token ends
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users disable alice

Exit codes: 0 disabled, 1 there is no such user, 2 wrong arguments.")]
pub(crate) struct Disable {
    #[command(flatten)]
    who: Who,
}

/// Enable a user who was disabled
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users enable alice

Exit codes: 0 enabled, 1 there is no such user, 2 wrong arguments.")]
pub(crate) struct Enable {
    #[command(flatten)]
    who: Who,
}

/// Delete a user, after a question on a terminal
///
/// Every session, every refresh token and every consent of the user ends. Their id is never used again;
/// the login is free for another user. A program says --yes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users delete alice
  scopegate users delete alice --yes

Exit codes: 0 deleted, 1 there is no such user or the answer was no, 2 wrong arguments.")]
pub(crate) struct Delete {
    #[command(flatten)]
    who: Who,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Debug)]
struct Who {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl Disable {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        self.who.set_status(authority, Status::Inactive).await
    }
}

impl Enable {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        self.who.set_status(authority, Status::Active).await
    }
}

impl Who {
    async fn set_status(&self, authority: &Authority, status: Status) -> Result<(), CliError> {
        let (command, what) = match status {
            Status::Active => ("users enable", "enabled the user"),
            Status::Inactive => ("users disable", "disabled the user"),
        };
        let user = known(authority, &self.user).await?;
        let actor = person::actor(command);
        let changed = authority.users(&actor).set_status(UserKey::Id(&user.id), status).await;
        done(what, changed.map_err(|error| refused(&self.user, &error))?, self.json)
    }
}

impl Delete {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { who: Who { user: name, json }, yes } = self;
        let user = known(authority, &name).await?;
        let failed = |error| CliError::failed(&error);
        let sessions = authority.store().sessions_of(&user.id).await.map_err(failed)?.len();
        let families = authority.store().families_of(&user.id).await.map_err(failed)?.len();
        let lost = format!(
            "With the user `{}` end for good: {sessions} session(s), {families} family(ies) of \
             refresh tokens, their password and their consents.",
            crate::cli::table::on_one_line(&user.login),
        );
        console::confirm(&lost, "Delete them?", yes)?;
        let actor = person::actor("users delete");
        let deleted = authority.users(&actor).delete(UserKey::Id(&user.id)).await;
        let deleted = deleted.map_err(|error| refused(&name, &error))?;
        if deleted.owner == Owner::File {
            console::notice(
                "this user came from a catalog file: remove them there too, or the next apply \
                 makes them again",
            );
        }
        if json {
            let shown = json!({
                "id": deleted.id, "login": deleted.login, "deleted": true,
                "ended_sessions": sessions, "ended_refresh_token_families": families,
            });
            return console::result(&format!("{shown:#}"));
        }
        done("deleted the user", deleted, false)
    }
}
