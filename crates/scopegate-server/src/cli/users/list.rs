//! `scopegate users list`

use clap::{Args, ValueEnum};
use scopegate_core::authority::Authority;
use scopegate_core::catalog::Status;
use scopegate_core::directory::{Listed as Entry, LoginMatch, User};

use super::record::UserRecord;
use crate::cli::console;
use crate::cli::failure::CliError;
use crate::cli::table::{Form, Table};

/// How many users are read at once.
const PAGE: u32 = 200;

/// List the users in the order of their logins: login, status, groups
///
/// On a terminal the columns are aligned. In a pipe they are separated by tabs, without a header. A
/// fourth column says `exact` for a user who must type the login as it is listed, except for upper and
/// lower case. Another login equals this one after Unicode normalization. Both were made before logins
/// were normalized.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users list
  scopegate users list --group staff --json
  scopegate users list --limit 100 --after alice

Exit codes: 0 listed, 1 the store cannot be read, 2 wrong arguments.")]
pub(crate) struct List {
    /// Only the users of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Only the users with this status
    #[arg(long, value_enum, value_name = "STATUS", ignore_case = true)]
    status: Option<StatusFilter>,

    /// At most this many users
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// Only the users that follow this login
    #[arg(long, value_name = "LOGIN")]
    after: Option<String>,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum StatusFilter {
    Active,
    Inactive,
}

impl List {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let (mut after, mut are_exact) = (self.after.clone(), false);
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut table = Table::on_stdout::<UserRecord>(Form::json_array(self.json));
        while left > 0 {
            let page = authority.store().users(after.as_deref(), PAGE).await;
            let page = page.map_err(|error| CliError::failed(&error))?;
            let Some(last) = page.last() else { break };
            after = Some(last.login().to_owned());
            for entry in page {
                match entry {
                    Entry::User(user) if left > 0 && self.includes(&user) => {
                        are_exact |= user.login_match == LoginMatch::Exact;
                        left -= 1;
                        table.row(&UserRecord(*user))?;
                    }
                    Entry::User(_) => {}
                    Entry::Unreadable { login, row } => console::notice(&format!("{login}: {row}")),
                }
            }
        }
        table.finish()?;
        if are_exact {
            console::notice(
                "Logins marked `exact` are the same as another one after Unicode normalization. Each \
                 of these users signs in by the spelling that is listed.",
            );
        }
        Ok(())
    }

    fn includes(&self, user: &User) -> bool {
        let has_status = |wanted: StatusFilter| {
            (wanted == StatusFilter::Active) == (user.status == Status::Active)
        };
        self.group.as_ref().is_none_or(|group| user.groups.contains(group))
            && self.status.is_none_or(has_status)
    }
}
