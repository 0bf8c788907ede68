//! `scopegate users list`

use clap::Args;
use scopegate_core::authority::Authority;
use scopegate_core::directory::{Listed, LoginMatch, User};

use super::status_name;
use crate::cli::console;
use crate::cli::failure::CliError;

/// How many users are read at once.
const PAGE: u32 = 200;

/// List all users: login, status, groups, separated by tabs
///
/// A fourth column says `exact` for a user who must type the login as it is listed, except for
/// upper and lower case. Another login equals this one after Unicode normalization. Both were made
/// before logins were normalized.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only the users of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

impl List {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let (mut after, mut are_exact): (Option<String>, bool) = (None, false);
        loop {
            let page = authority.store().users(after.as_deref(), PAGE).await;
            let page = page.map_err(|error| CliError::failed(&error))?;
            let Some(last) = page.last() else { break };
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
                are_exact |= user.login_match == LoginMatch::Exact;
                console::result(&line(user))?;
            }
        }
        if are_exact {
            console::notice(
                "Logins marked `exact` are the same as another one after Unicode normalization. Each \
                 of these users signs in by the spelling that is listed.",
            );
        }
        Ok(())
    }
}

fn line(user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(String::as_str).collect();
    let (login, status) = (&user.login, status_name(user.status));
    let exact = match user.login_match {
        LoginMatch::Key => "",
        LoginMatch::Exact => "\texact",
    };
    format!("{login}\t{status}\t{}{exact}", groups.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scopegate_claims::UnixTime;
    use scopegate_core::catalog::UserId;
    use scopegate_core::catalog::{Owner, Status};
    use scopegate_core::directory::Profile;

    use super::*;

    #[test]
    fn a_login_that_collides_is_marked() {
        let user = |login_match| User {
            id: UserId::generate(),
            login: "Jos\u{e9}".into(),
            login_match,
            status: Status::Active,
            owner: Owner::Api,
            groups: BTreeSet::from(["a".into(), "b".into()]),
            profile: Profile::default(),
            created_at: UnixTime::from_seconds(0),
            updated_at: UnixTime::from_seconds(0),
            version: 0,
        };
        assert_eq!(line(&user(LoginMatch::Key)), "Jos\u{e9}\tACTIVE\ta, b");
        assert_eq!(line(&user(LoginMatch::Exact)), "Jos\u{e9}\tACTIVE\ta, b\texact");
    }
}
