//! `scopegate users groups`

use clap::Args;
use scopegate_core::authority::Authority;

use super::create::parse_group;
use super::{known, refused};
use crate::cli::console;
use crate::cli::failure::CliError;

/// Add a user to groups or remove them from groups; the groups are printed, one per line
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users groups alice
  scopegate users groups alice --add staff --remove guests")]
pub(crate) struct Groups {
    /// The login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// A group that the user joins; may be repeated
    #[arg(long, value_name = "GROUP", value_parser = parse_group)]
    add: Vec<String>,

    /// A group that the user leaves; may be repeated
    #[arg(long, value_name = "GROUP")]
    remove: Vec<String>,
}

impl Groups {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { login, add, remove } = self;
        let user = if add.is_empty() && remove.is_empty() {
            known(authority, &login).await?
        } else {
            let (add, remove) = (add.into_iter().collect(), remove.into_iter().collect());
            let changed = authority.change_user_groups(&login, &add, &remove).await;
            changed.map_err(|error| refused(&login, &error))?
        };
        user.groups.iter().try_for_each(|group| console::result(group))
    }
}
