//! `max_age`: the user signed in recently enough.

use std::time::Duration;

use super::{Case, Condition, Dependence, Verdict};
use crate::catalog::Rule;
use crate::spelling::show_duration;

/// The condition. It cannot be evaluated without a user, or if it is not known when they signed in.
#[derive(Debug)]
pub(super) struct SignInIsRecent;

impl Condition for SignInIsRecent {
    fn name(&self) -> &'static str {
        "max_age"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        rule.spec.max_age.is_some()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        match case.rule.spec.max_age.zip(age(case)) {
            Some((most, age)) => Verdict::of(age <= most),
            None => Verdict::Unknown,
        }
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        let most = case.rule.spec.max_age.map(show_duration).unwrap_or_default();
        format!("a sign-in at most {most} ago")
    }

    fn found(&self, case: &Case<'_>) -> String {
        match age(case) {
            Some(age) => format!("a sign-in {} ago", show_duration(age)),
            None => "no sign-in".to_owned(),
        }
    }
}

/// The time since the user signed in.
fn age(case: &Case<'_>) -> Option<Duration> {
    let facts = case.facts;
    let authentication = facts.user.and(facts.authentication)?;
    Some(facts.now.since(authentication.at))
}
