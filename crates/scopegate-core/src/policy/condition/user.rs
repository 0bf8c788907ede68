//! `users`, `groups`: the rule names the user or one of their groups, or names neither.

use super::{Case, Condition};

/// The condition. It holds if no user takes part.
#[derive(Debug)]
pub(super) struct UserIsAmong;

impl Condition for UserIsAmong {
    fn name(&self) -> &'static str {
        "groups"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        let rule = &case.rule.spec;
        let names_nobody = rule.users.is_empty() && rule.groups.is_empty();
        let user = case.facts.user;
        names_nobody || user.is_none_or(|user| user.is_among(&rule.users, &rule.groups))
    }
}
