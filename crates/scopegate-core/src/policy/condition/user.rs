//! `users`, `groups`: the rule names the user or one of their groups, or it names no user and no group.

use super::{Case, Condition};

/// The condition. It also holds if no user takes part.
#[derive(Debug)]
pub(super) struct UserIsAmong;

impl Condition for UserIsAmong {
    fn name(&self) -> &'static str {
        "groups"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        let rule = &case.rule.spec;
        let is_for_everybody = rule.users.is_empty() && rule.groups.is_empty();
        let user = case.facts.user;
        is_for_everybody || user.is_none_or(|user| user.is_among(&rule.users, &rule.groups))
    }
}
