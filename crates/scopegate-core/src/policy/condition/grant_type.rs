//! `grant_types`: the rule lists the grant type.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::Rule;

/// The condition. A built-in rule lists no grant types.
#[derive(Debug)]
pub(super) struct GrantTypeIsListed;

impl Condition for GrantTypeIsListed {
    fn name(&self) -> &'static str {
        "grant_types"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        rule.built_in.is_none()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        Verdict::of(case.rule.spec.grant_types.contains(case.facts.grant_type))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        shown::list(&case.rule.spec.grant_types, "none")
    }

    fn found(&self, case: &Case<'_>) -> String {
        case.facts.grant_type.to_owned()
    }
}
