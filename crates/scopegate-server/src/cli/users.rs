//! `scopegate users`

mod create;
mod groups;
mod hash;
mod list;
mod password;
mod secret_input;
mod show;
mod status;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use scopegate_core::administration::users::UserAdminError;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::Status;
use scopegate_core::directory::User;
use scopegate_core::store::UserKey;

use super::failure::CliError;
use super::{Workplace, console};

/// Manage users in the store
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    Create(create::Create),
    List(list::List),
    Show(show::Show),
    Suspend(status::Suspend),
    Activate(status::Activate),
    SetPassword(password::SetPassword),
    Groups(groups::Groups),
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
            Self::Create(command) => command.run(authority).await,
            Self::List(command) => command.run(authority).await,
            Self::Show(command) => command.run(authority).await,
            Self::Suspend(command) => command.run(authority).await,
            Self::Activate(command) => command.run(authority).await,
            Self::SetPassword(command) => command.run(authority).await,
            Self::Groups(command) => command.run(authority).await,
            Self::Hash(_) => Ok(()),
        }
    }
}

/// The user with this login, who must exist.
async fn known(authority: &Authority, login: &str) -> Result<User, CliError> {
    let found = authority.store().user(UserKey::Login(login)).await;
    found
        .map_err(|error| CliError::failed(&error))?
        .ok_or_else(|| refused(login, &UserAdminError::Unknown))
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

/// Prints what was done.
fn done(what: &str, user: &User) {
    console::notice(&format!("{what} `{}`", user.login));
}
