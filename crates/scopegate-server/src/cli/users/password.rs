//! `scopegate users password`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::store::UserKey;

use super::{done, known, refused, secret_input};
use crate::cli::failure::CliError;
use crate::cli::person;

/// Set the password of a user: every session and every refresh token ends
///
/// The password is asked for, or read from the standard input. It is never an argument: other users
/// of the machine can see arguments.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users password alice
  scopegate users password alice < password.txt

Exit codes: 0 set, 1 there is no such user, 2 wrong arguments or password.")]
pub(crate) struct SetPassword {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl SetPassword {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        // Checked before the password is asked for.
        let user = known(authority, &self.user).await?;
        let password = secret_input::chosen()?;
        let actor = person::actor("users password");
        let changed = authority.users(&actor).set_password(UserKey::Id(&user.id), password).await;
        let changed = changed.map_err(|error| refused(&self.user, &error))?;
        done("set the password of", changed, self.json)
    }
}
