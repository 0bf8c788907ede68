//! Which users may use a client: those that it is assigned to, directly or by a group.

use crate::catalog::{Client, ClientSpec};
use crate::directory::User;
use crate::error::CallError;

/// Refuses a user to whom the client is not assigned. A client without assignments is open to all
/// users.
///
/// # Errors
///
/// [`CallError::NotAssigned`].
pub(crate) fn check(client: &Client, user: &User) -> Result<(), CallError> {
    check_spec(&client.spec, user)
}

fn check_spec(spec: &ClientSpec, user: &User) -> Result<(), CallError> {
    let is_open_to_all = spec.users.is_empty() && spec.groups.is_empty();
    match is_open_to_all || user.is_among(&spec.users, &spec.groups) {
        true => Ok(()),
        false => Err(CallError::NotAssigned),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scopegate_claims::UnixTime;

    use super::*;
    use crate::catalog::{Owner, Status, UserId};
    use crate::directory::{LoginMatch, Profile};

    fn alice() -> User {
        User {
            id: UserId::generate(),
            login: "Alice".into(),
            login_match: LoginMatch::default(),
            status: Status::Active,
            owner: Owner::Api,
            groups: names(&["staff"]),
            profile: Profile::default(),
            created_at: UnixTime::from_seconds(0),
            updated_at: UnixTime::from_seconds(0),
            version: 0,
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn is_assigned(users: &[&str], groups: &[&str]) -> bool {
        let spec = ClientSpec { users: names(users), groups: names(groups), ..Default::default() };
        let checked = check_spec(&spec, &alice());
        assert!(checked.is_ok() || matches!(checked, Err(CallError::NotAssigned)));
        checked.is_ok()
    }

    #[test]
    fn a_client_with_assigned_users_or_groups_is_closed_to_others() {
        assert!(is_assigned(&[], &[]), "no assignment");
        assert!(is_assigned(&["alice"], &[]) && is_assigned(&[], &["guests", "staff"]));
        assert!(is_assigned(&["bob"], &["staff"]), "one of the two is enough");
        assert!(!is_assigned(&["bob"], &[]) && !is_assigned(&[], &["guests"]));
        assert!(!is_assigned(&["staff"], &["alice"]), "a group is not a login");
    }
}
