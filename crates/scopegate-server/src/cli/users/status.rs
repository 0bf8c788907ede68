//! `scopegate users suspend` and `scopegate users activate`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::Status;

use super::{done, refused};
use crate::cli::failure::CliError;

/// Suspend a user: every session and every refresh token ends
#[derive(Args, Debug)]
pub(crate) struct Suspend {
    /// The login
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Activate a user who was suspended
#[derive(Args, Debug)]
pub(crate) struct Activate {
    /// The login
    #[arg(value_name = "LOGIN")]
    login: String,
}

impl Suspend {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        set(authority, &self.login, Status::Inactive, "suspended the user").await
    }
}

impl Activate {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        set(authority, &self.login, Status::Active, "activated the user").await
    }
}

async fn set(
    authority: &Authority,
    login: &str,
    status: Status,
    what: &str,
) -> Result<(), CliError> {
    let changed = authority.set_user_status(login, status).await;
    done(what, &changed.map_err(|error| refused(login, &error))?);
    Ok(())
}
