//! `scopegate users edit`

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use scopegate_core::administration::users::{UserAdminError, UserEdit};
use scopegate_core::authority::Authority;
use scopegate_core::store::UserKey;
use serde_json::Value;

use super::create::{parse_attribute, parse_login};
use super::{done, known, refused};
use crate::cli::failure::CliError;
use crate::cli::person;

/// Change the login or the profile of a user
///
/// Attributes that are not named stay as they are. Sessions and refresh tokens stay, too: the next token
/// has the new values.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users edit alice --profile department=sales --profile email_verified=true
  scopegate users edit alice --unset nickname
  scopegate users edit alice --login alice.b@example.com

Exit codes: 0 changed, 1 the store refused it (unknown user, login taken), 2 wrong arguments.")]
pub(crate) struct Edit {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// An attribute to set, as NAME=VALUE; may be repeated. `true`, numbers and JSON objects are read as such
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_attribute)]
    profile: Vec<(String, Value)>,

    /// An attribute to remove; may be repeated
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,

    /// The new login
    #[arg(long, value_name = "LOGIN", value_parser = parse_login)]
    login: Option<String>,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl Edit {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { user: name, profile, unset, login, json } = self;
        if profile.is_empty() && unset.is_empty() && login.is_none() {
            return Err(CliError::usage("say what to change: --profile, --unset or --login"));
        }
        let (set, unset) = (BTreeMap::from_iter(profile), BTreeSet::from_iter(unset));
        if let Some(both) = unset.iter().find(|name| set.contains_key(*name)) {
            return Err(CliError::usage(&format!("`{both}` is both set and removed")));
        }
        let user = known(authority, &name).await?;
        let actor = person::actor("users edit");
        let edit = UserEdit { login, set, unset };
        let changed = authority.users(&actor).edit(UserKey::Id(&user.id), &edit).await;
        let changed = changed.map_err(|error| match (&error, &edit.login) {
            (UserAdminError::InvalidProfile(problem), _) => CliError::usage(problem),
            (UserAdminError::LoginTaken, Some(login)) => refused(login, &error),
            _ => refused(&name, &error),
        })?;
        done("changed the user", changed, json)
    }
}
