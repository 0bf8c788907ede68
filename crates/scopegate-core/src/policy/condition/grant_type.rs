//! `grant_types`: the rule lists the grant type.

use super::{Case, Condition};

/// The condition. A built-in rule lists no grant types.
#[derive(Debug)]
pub(super) struct GrantTypeIsListed;

impl Condition for GrantTypeIsListed {
    fn name(&self) -> &'static str {
        "grant_types"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        case.rule.built_in.is_some() || case.rule.spec.grant_types.contains(case.facts.grant_type)
    }
}
