//! `resources`: the rule lists the requested resources (RFC 8707 §2).

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{Effect, Resource, Rule};

/// The condition. For an allow rule, each requested resource must be listed. For a deny rule, one is enough. A
/// request without `resource` has no resource that is listed.
#[derive(Debug)]
pub(super) struct ResourcesAreListed;

impl Condition for ResourcesAreListed {
    fn name(&self) -> &'static str {
        "resources"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.resources.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let mut requested = case.facts.resources.iter();
        let is_listed = |resource: &Resource<'_>| case.rule.has_resource(resource);
        Verdict::of(match case.rule.spec.effect {
            Effect::Allow => !case.facts.resources.is_empty() && requested.all(is_listed),
            Effect::Deny => requested.any(is_listed),
        })
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        shown::list(&case.rule.spec.resources, "none")
    }

    fn found(&self, case: &Case<'_>) -> String {
        shown::list(case.facts.resources.iter().map(Resource::as_compared), "no resource")
    }
}
