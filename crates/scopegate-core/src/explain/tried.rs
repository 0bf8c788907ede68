//! The rules that were tried, each with the condition that failed.

use super::decide::{Parties, with_facts};
use super::explanation::{FailedCheck, ShownRule};
use super::inquiry::Inquiry;
use crate::policy::condition::{Case, Verdict};
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
    ShownRule {
        policy: case.policy.name.clone(),
        rule: case.rule.name.clone(),
        effect: step.effect,
        matched: failed.is_none(),
        progress: step.failed.unwrap_or(u8::MAX),
        failed,
    }
}
