//! `scopegate users end-sessions`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::store::{SessionId, UserKey};

use super::{done, known, refused};
use crate::cli::failure::CliError;
use crate::cli::person;

/// End all sessions and refresh tokens of a user, or one session with what began in it
///
/// The user can sign in again. `disable` prevents that.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users end-sessions alice
  scopegate users end-sessions alice --session sesAbCdEfGhIjKlMnOpQrSt

Exit codes: 0 ended, 1 there is no such user or session, 2 wrong arguments.")]
pub(crate) struct EndSessions {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// Only this session, by the id that `users sessions` shows
    #[arg(long, value_name = "ID")]
    session: Option<String>,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl EndSessions {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let user = known(authority, &self.user).await?;
        let actor = person::actor("users end-sessions");
        let (users, by) = (authority.users(&actor), UserKey::Id(&user.id));
        let (what, ended) = match self.session {
            None => ("ended all sessions and refresh tokens of", users.end_sessions(by).await),
            Some(id) => {
                let id = SessionId::stored(id);
                ("ended the session of", users.end_session(by, &id).await)
            }
        };
        done(what, ended.map_err(|error| refused(&self.user, &error))?, self.json)
    }
}
