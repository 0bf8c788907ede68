//! `scopegate users`

mod change;
mod create;
mod edit;
mod end_sessions;
mod groups;
mod hash;
mod known_groups;
mod list;
mod password;
mod record;
mod secret_input;
mod sessions;
mod show;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use scopegate_core::administration::users::UserAdminError;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::{Status, UserId};
use scopegate_core::directory::User;
use scopegate_core::store::UserKey;

use self::record::UserRecord;
use super::failure::CliError;
use super::table::Listed;
use super::{Workplace, console};

/// Manage users in the store
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    List(list::List),
    Show(show::Show),
    Create(create::Create),
    Edit(edit::Edit),
    #[command(visible_alias = "suspend")]
    Disable(change::Disable),
    #[command(visible_alias = "activate")]
    Enable(change::Enable),
    Delete(change::Delete),
    #[command(visible_alias = "set-password")]
    Password(password::SetPassword),
    Groups(groups::Groups),
    Sessions(sessions::Sessions),
    EndSessions(end_sessions::EndSessions),
    Hash(hash::Hash),
}

impl Users {
    pub(super) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        // This command needs no store.
        if let Self::Hash(command) = self {
            return command.run();
        }
        let authority = place.authority().await?;
        let done = self.run_on(&authority).await;
        authority.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn run_on(self, authority: &Arc<Authority>) -> Result<(), CliError> {
        match self {
            Self::List(command) => command.run(authority).await,
            Self::Show(command) => command.run(authority).await,
            Self::Create(command) => command.run(authority).await,
            Self::Edit(command) => command.run(authority).await,
            Self::Disable(command) => command.run(authority).await,
            Self::Enable(command) => command.run(authority).await,
            Self::Delete(command) => command.run(authority).await,
            Self::Password(command) => command.run(authority).await,
            Self::Groups(command) => command.run(authority).await,
            Self::Sessions(command) => command.run(authority).await,
            Self::EndSessions(command) => command.run(authority).await,
            Self::Hash(_) => Ok(()),
        }
    }
}

/// The user with this login or id, who must exist.
pub(super) async fn known(authority: &Authority, login_or_id: &str) -> Result<User, CliError> {
    let failed = |error: &dyn std::error::Error| CliError::failed(error);
    // A login may look like an id, but an id is never given to two users.
    if let Ok(id) = UserId::parse(login_or_id)
        && let Some(user) =
            authority.store().user(UserKey::Id(&id)).await.map_err(|error| failed(&error))?
    {
        return Ok(user);
    }
    let found = authority.store().user(UserKey::Login(login_or_id)).await;
    found
        .map_err(|error| failed(&error))?
        .ok_or_else(|| refused(login_or_id, &UserAdminError::Unknown))
}

/// Turns an error about this login into a failure that names it.
fn refused(login: &str, error: &UserAdminError) -> CliError {
    match error {
        UserAdminError::LoginTaken => {
            CliError::Failed(format!("there is a user `{login}` already"))
        }
        UserAdminError::Unknown => CliError::Failed(format!("there is no user `{login}`")),
        error => CliError::failed(error),
    }
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Inactive => "INACTIVE",
    }
}

/// Prints what was done, or the user as JSON.
fn done(what: &str, user: User, json: bool) -> Result<(), CliError> {
    if json {
        return console::result(&format!("{:#}", UserRecord(user).json()));
    }
    console::notice(&format!("{what} `{}`", user.login));
    Ok(())
}
