//! How a result is shown: users as groups and logins.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::people::People;
use super::scan::Found;
use super::user_set::UserSet;
use crate::catalog::ClientSpec;

/// A client that can reach a scope by a rule.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The id of the client.
    pub client: String,
    /// The grant type.
    pub grant_type: String,
    /// The policy and the rule, as `policy/rule`.
    pub rule: String,
    /// The users for whom it can, in addition to those of the groups. None, if no user takes part.
    pub users: Users,
    /// Groups: the client can for all of their active users.
    pub groups: Vec<String>,
    /// What must hold, as sentences.
    pub conditions: Vec<String>,
    /// Earlier rules that win under some circumstances, for some of the users.
    pub unless: Vec<String>,
    /// Whether there are more earlier rules than are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_more: bool,
    /// The server and the client of the token that is exchanged, as `server/client`.
    pub through: Option<String>,
}

/// Users.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "all users, or a list")]
pub enum Users {
    /// Every active user.
    Any,
    /// The users with these logins.
    These(Vec<String>),
}

/// `"any"`, or the list of logins.
impl Serialize for Users {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("any"),
            Self::These(logins) => logins.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            Logins(Vec<String>),
        }

        match Written::deserialize(deserializer)? {
            Written::Logins(logins) => Ok(Self::These(logins)),
            Written::Word(word) if word == "any" => Ok(Self::Any),
            Written::Word(_) => Err(de::Error::custom("users are `any` or a list")),
        }
    }
}

impl Row {
    pub(super) fn of(found: Found<'_>, people: &People<'_>) -> Self {
        let (users, groups) = whom(&found, people);
        let Found { client, grant_type, winner, consent, through, .. } = found;
        let consent = consent.into_iter().map(str::to_owned);
        Self {
            client: client.id.to_string(),
            grant_type: grant_type.to_owned(),
            rule: winner.name.clone(),
            users,
            groups,
            conditions: winner.conditions.iter().cloned().chain(consent).collect(),
            unless: winner.unless.clone(),
            unless_more: winner.has_more,
            through,
        }
    }
}

/// The users of a result. A group is listed if all of its active users are among them, so that few logins are
/// listed.
fn whom(found: &Found<'_>, people: &People<'_>) -> (Users, Vec<String>) {
    let Found { client, winner, has_user, users: reached, .. } = found;
    if !has_user {
        return (Users::These(Vec::new()), Vec::new());
    }
    let ClientSpec { users, groups, .. } = &client.spec;
    let is_open = users.is_empty() && groups.is_empty();
    if is_open && !winner.names_users && **reached == people.all() {
        return (Users::Any, Vec::new());
    }
    let named: BTreeSet<&str> = winner.groups.iter().chain(groups).map(String::as_str).collect();
    match named.is_empty() {
        true => users_and_groups(reached, people.groups(), people),
        false => users_and_groups(reached, named.into_iter(), people),
    }
}

/// A set of users, as groups and as the users who are in none of them.
pub(super) fn users_and_groups<'g>(
    users: &UserSet,
    groups: impl Iterator<Item = &'g str>,
    people: &People<'_>,
) -> (Users, Vec<String>) {
    let (mut rest, mut listed) = (users.clone(), Vec::new());
    for name in groups {
        if let Some(members) = people.group(name)
            && members.is_subset(users)
        {
            rest = rest.difference(members);
            listed.push(name.to_owned());
        }
    }
    listed.sort();
    let logins = people.at(&rest).map(|(_, user)| user.login.clone());
    (Users::These(logins.filter(|login| !login.is_empty()).collect()), listed)
}
