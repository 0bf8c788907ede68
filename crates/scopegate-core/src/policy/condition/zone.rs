//! `zones`, `not_zones`: the networks that a request must come from, or must not come from.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{Networks, Rule};

/// `zones`: the address is in one of the zones. It cannot be evaluated if the address is not known.
#[derive(Debug)]
pub(super) struct AddressIsInside;

impl Condition for AddressIsInside {
    fn name(&self) -> &'static str {
        "zones"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.zones.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        is_in(case, case.rule.zones()).map_or(Verdict::Unknown, Verdict::of)
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        shown::list(&case.rule.spec.zones, "none")
    }

    fn found(&self, case: &Case<'_>) -> String {
        address(case)
    }
}

/// `not_zones`: the address is in none of the zones. It cannot be evaluated if the address is not known.
#[derive(Debug)]
pub(super) struct AddressIsOutside;

impl Condition for AddressIsOutside {
    fn name(&self) -> &'static str {
        "not_zones"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.not_zones.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        is_in(case, case.rule.not_zones())
            .map_or(Verdict::Unknown, |is_inside| Verdict::of(!is_inside))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        format!("outside of {}", shown::list(&case.rule.spec.not_zones, "none"))
    }

    fn found(&self, case: &Case<'_>) -> String {
        address(case)
    }
}

fn is_in(case: &Case<'_>, networks: &Networks) -> Option<bool> {
    networks.contain(case.facts.address?)
}

fn address(case: &Case<'_>) -> String {
    let address = case.facts.address.map(|address| address.to_canonical().to_string());
    address.unwrap_or_else(|| "an unknown address".to_owned())
}
