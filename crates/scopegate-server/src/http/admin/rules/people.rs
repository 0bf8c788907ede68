//! The users and groups of a rule.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use scopegate_core::catalog::RuleSpec;
use serde::{Deserialize, Serialize};

use super::body::RuleBody;
use crate::http::admin::ApiError;
use crate::http::admin::names::{group_id, group_names, logins, user_ids};
use crate::http::app::App;

/// Okta's name for the group of all users.
const EVERYONE: &str = "EVERYONE";

/// The users and groups of a rule, as Okta writes them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicyPeopleCondition")]
pub(super) struct ShownPeople {
    /// Users, by id or login
    #[serde(default)]
    users: Included,
    /// Groups, by id or name, or `EVERYONE`
    #[serde(default)]
    groups: Included,
}

/// Users or groups.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicyPeopleIncluded")]
struct Included {
    #[serde(default)]
    include: Vec<String>,
    /// Always empty
    #[serde(default)]
    exclude: Vec<String>,
}

impl ShownPeople {
    /// The users and groups of a rule, by their ids.
    pub(super) async fn of(app: &App, spec: &RuleSpec) -> Result<Self, ApiError> {
        let groups = match spec.groups.is_empty() && spec.users.is_empty() {
            true => vec![EVERYONE.to_owned()],
            false => spec.groups.iter().map(|name| group_id(name)).collect(),
        };
        let included = |include| Included { include, exclude: Vec::new() };
        Ok(Self { users: included(user_ids(app, &spec.users).await?), groups: included(groups) })
    }
}

/// The users and groups of a rule, as the catalog has them.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
}

impl People {
    /// Reads the users and groups of a rule.
    ///
    /// In the catalog, a rule without users and groups applies to every user. In Okta it applies to none. So the
    /// caller must say `EVERYONE`.
    pub(super) async fn read(app: &App, body: &RuleBody) -> Result<Self, ApiError> {
        let shown = body.people();
        if !shown.users.exclude.is_empty() || !shown.groups.exclude.is_empty() {
            let why = "write a rule before this one that denies, with `_scopegate.effect`";
            return Err(ApiError::Unsupported("conditions.people.exclude", why));
        }
        if shown.groups.include.iter().any(|name| name == EVERYONE) {
            return Ok(Self::default());
        }
        let groups = group_names(app, &shown.groups.include).await?;
        let users = logins(app, &shown.users.include).await?;
        if groups.is_empty() && users.is_empty() && body.is_for_users() {
            let why =
                "write users, groups, or the group EVERYONE: a rule without any is for no user";
            return Err(ApiError::Invalid("conditions.people", why.to_owned()));
        }
        Ok(Self { users, groups })
    }
}
