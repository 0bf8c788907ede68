//! `scopegate users set-password`

use clap::Args;
use scopegate_core::authority::Authority;

use super::{done, known, refused, secret_input};
use crate::cli::failure::CliError;

/// Set the password of a user: every session and every refresh token ends
///
/// The password is asked for, or read from the standard input. It is never an argument: other users
/// of the machine can see arguments.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users set-password alice
  scopegate users set-password alice < password.txt")]
pub(crate) struct SetPassword {
    /// The login
    #[arg(value_name = "LOGIN")]
    login: String,
}

impl SetPassword {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { login } = self;
        // Checked before the password is asked for.
        known(authority, &login).await?;
        let changed = authority.set_user_password(&login, secret_input::chosen()?).await;
        done("set the password of", &changed.map_err(|error| refused(&login, &error))?);
        Ok(())
    }
}
