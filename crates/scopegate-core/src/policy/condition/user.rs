//! `users`, `groups`: the rule names the user or one of their groups.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::Rule;

/// The condition. It also holds if no user takes part.
#[derive(Debug)]
pub(super) struct UserIsAmong;

impl Condition for UserIsAmong {
    fn name(&self) -> &'static str {
        "groups"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.users.is_empty() || !rule.spec.groups.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let rule = &case.rule.spec;
        let user = case.facts.user;
        Verdict::of(user.is_none_or(|user| user.is_among(&rule.users, &rule.groups)))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        let rule = &case.rule.spec;
        let groups = || shown::list(&rule.groups, "none");
        match (rule.users.is_empty(), rule.groups.is_empty()) {
            (true, _) => groups(),
            (false, true) => format!("user {}", shown::list(&rule.users, "none")),
            (false, false) => {
                format!("{}, or user {}", groups(), shown::list(&rule.users, "none"))
            }
        }
    }

    fn found(&self, case: &Case<'_>) -> String {
        let Some(user) = case.facts.user else { return "no user".to_owned() };
        let groups = shown::list(&user.groups, "no group");
        match case.rule.spec.users.is_empty() {
            true => groups,
            false => format!("{groups}, user {}", user.login),
        }
    }
}
