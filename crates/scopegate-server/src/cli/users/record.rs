//! What the commands show of a user.

use scopegate_core::directory::{LoginMatch, User};
use serde_json::{Value, json};

use super::status_name;
use crate::cli::table::Listed;
use crate::cli::time_text;

/// A user of a list.
#[derive(Debug)]
pub(super) struct UserRecord(pub(super) User);

impl Listed for UserRecord {
    const COLUMNS: &'static [&'static str] = &["LOGIN", "STATUS", "GROUPS", ""];

    fn cells(&self) -> Vec<String> {
        let user = &self.0;
        let groups: Vec<_> = user.groups.iter().map(String::as_str).collect();
        let mut cells =
            vec![user.login.clone(), status_name(user.status).to_owned(), groups.join(", ")];
        if user.login_match == LoginMatch::Exact {
            cells.push("exact".to_owned());
        }
        cells
    }

    fn json(&self) -> Value {
        let user = &self.0;
        json!({
            "id": user.id,
            "login": user.login,
            "status": status_name(user.status),
            "groups": user.groups,
            "profile": user.profile,
            "owner": user.owner.as_str(),
            "created_at": time_text::rfc3339(user.created_at),
            "updated_at": time_text::rfc3339(user.updated_at),
        })
    }
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
        let cells = |login_match| {
            let user = User {
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
            UserRecord(user).cells()
        };
        assert_eq!(cells(LoginMatch::Key), ["Jos\u{e9}", "ACTIVE", "a, b"]);
        assert_eq!(cells(LoginMatch::Exact), ["Jos\u{e9}", "ACTIVE", "a, b", "exact"]);
    }
}
