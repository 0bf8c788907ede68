//! The rules that were tried, each with the condition that failed.

use super::decide::{Parties, with_facts};
use super::explanation::{FailedCheck, MatchedCondition, ShownRule};
use super::inquiry::Inquiry;
use crate::catalog::Effect;
use crate::policy::condition::{CONDITIONS, Case, Verdict};
use crate::policy::{self, Step, Wanted};

/// The rules that were tried for an inquiry, in order. If they were tried for several sets of scopes, the last
/// set decided, and only its result is shown.
pub(super) fn rules(inquiry: &Inquiry, parties: &Parties, wanted: &Wanted) -> Vec<ShownRule> {
    let mut shown = Vec::new();
    let mut last = None;
    with_facts(inquiry, parties, wanted, |facts| {
        policy::explain(facts, |case, step| {
            // The rules are tried in order, so an earlier place begins another set of scopes.
            let place = Some((step.policy, step.rule));
            if place <= last {
                shown.clear();
            }
            last = place;
            shown.push(shown_rule(case, step));
        })
    });
    shown
}

fn shown_rule(case: &Case<'_>, step: Step) -> ShownRule {
    let failed = step.failed_condition().map(|condition| FailedCheck {
        condition: condition.name().to_owned(),
        wanted: condition.wanted(case),
        found: condition.found(case),
        unknown: condition.check(case) == Verdict::Unknown,
    });
    let conditions = match (&failed, step.effect) {
        (None, Effect::Deny) => matched_conditions(case),
        (_, _) => Vec::new(),
    };
    ShownRule {
        policy: case.policy.name.clone(),
        rule: case.rule.name.clone(),
        effect: step.effect,
        matched: failed.is_none(),
        progress: step.failed.unwrap_or(u8::MAX),
        failed,
        conditions,
    }
}

/// The conditions that are written in a rule, with the values that let it match.
fn matched_conditions(case: &Case<'_>) -> Vec<MatchedCondition> {
    let written = CONDITIONS.iter().filter(|condition| condition.is_written(case.rule));
    let shown = written.map(|condition| MatchedCondition {
        condition: condition.name().to_owned(),
        wanted: condition.wanted(case),
        found: condition.found(case),
        unknown: condition.check(case) == Verdict::Unknown,
    });
    shown.collect()
}
