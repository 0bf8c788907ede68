//! `scopegate users groups`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::store::UserKey;

use super::create::parse_group;
use super::{done, known, known_groups, refused};
use crate::cli::failure::CliError;
use crate::cli::{console, person};

/// Add a user to groups or remove them from groups; the groups are printed, one per line
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users groups alice
  scopegate users groups alice --add staff --remove guests

Exit codes: 0 done, 1 there is no such user, 2 wrong arguments.")]
pub(crate) struct Groups {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// A group that the user joins; may be repeated
    #[arg(long, value_name = "GROUP", value_parser = parse_group)]
    add: Vec<String>,

    /// A group that the user leaves; may be repeated
    #[arg(long, value_name = "GROUP")]
    remove: Vec<String>,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl Groups {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { user: name, add, remove, json } = self;
        let before = known(authority, &name).await?;
        let user = if add.is_empty() && remove.is_empty() {
            before
        } else {
            let new: Vec<_> = add.iter().filter(|group| !before.groups.contains(*group)).collect();
            known_groups::warn_of_new(&authority.catalog(), new);
            let (add, remove) = (add.into_iter().collect(), remove.into_iter().collect());
            let actor = person::actor("users groups");
            let users = authority.users(&actor);
            let changed = users.change_groups(UserKey::Id(&before.id), &add, &remove).await;
            changed.map_err(|error| refused(&name, &error))?
        };
        if json {
            return done("", user, true);
        }
        user.groups.iter().try_for_each(|group| console::result(group))
    }
}
