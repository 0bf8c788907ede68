//! `scopegate users list`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::people::Listed;

use super::status_name;
use crate::cli::console;
use crate::cli::failure::CliError;

/// So many are read at once.
const PAGE: u32 = 200;

/// List all users: login, status, groups, separated by tabs
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those of a group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

impl List {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let mut after: Option<String> = None;
        loop {
            let page = authority.store().users(after.as_deref(), PAGE).await;
            let page = page.map_err(|error| CliError::failed(&error))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.login().to_owned());
            for listed in &page {
                let user = match listed {
                    Listed::User(user) => user,
                    Listed::Unreadable { login, row } => {
                        console::notice(&format!("{login}: {row}"));
                        continue;
                    }
                };
                if self.group.as_ref().is_some_and(|group| !user.groups.contains(group)) {
                    continue;
                }
                let groups: Vec<_> = user.groups.iter().map(String::as_str).collect();
                let (login, status) = (&user.login, status_name(user.status));
                console::result(&format!("{login}\t{status}\t{}", groups.join(", ")))?;
            }
        }
    }
}
