//! `when`: an expression of the rule is true.

use std::collections::BTreeSet;

use super::{Case, Condition, Dependence, Verdict};
use crate::catalog::Rule;
use crate::expression::{Expression, Root};

/// The condition. It cannot be evaluated if the expression fails.
#[derive(Debug)]
pub(super) struct ExpressionIsTrue;

/// What an expression may read and still be decided by the catalog.
const OF_CATALOG: [Root; 4] = [Root::Client, Root::Scopes, Root::Server, Root::User];

impl Condition for ExpressionIsTrue {
    fn name(&self) -> &'static str {
        "when"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        rule.spec.when.is_some()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let Some(when) = &case.rule.spec.when else { return Verdict::Unknown };
        let inputs = case.facts.inputs(case.requested);
        when.holds_within(&inputs, case.work).map_or(Verdict::Unknown, Verdict::of)
    }

    fn depends_on(&self, rule: &Rule) -> Dependence {
        let reads = rule.spec.when.as_ref().map(Expression::reads);
        match reads.is_some_and(|reads| reads.is_subset(&BTreeSet::from(OF_CATALOG))) {
            true => Dependence::Catalog,
            false => Dependence::Circumstances,
        }
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        case.rule.spec.when.as_ref().map(|when| when.text().to_owned()).unwrap_or_default()
    }

    /// The text of the error has no values of users, clients or requests.
    fn found(&self, case: &Case<'_>) -> String {
        if case.work.is_used_up() {
            return "it cannot be evaluated: the expressions of the rules take more than 1000000 steps \
                    together"
                .to_owned();
        }
        match case
            .rule
            .spec
            .when
            .as_ref()
            .map(|when| when.holds(&case.facts.inputs(case.requested)))
        {
            Some(Ok(true)) => "true".to_owned(),
            Some(Ok(false)) => "false".to_owned(),
            Some(Err(error)) => format!("it cannot be evaluated: {error}"),
            None => "no expression".to_owned(),
        }
    }
}
