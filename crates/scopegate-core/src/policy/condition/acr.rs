//! `acr_values`: the user signed in strongly enough.

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{AcrClass, Rule};

/// The condition: the sign-in satisfies one of the classes. It cannot be evaluated without a user, or if it is not
/// known how they signed in.
#[derive(Debug)]
pub(super) struct SignInIsStrong;

impl Condition for SignInIsStrong {
    fn name(&self) -> &'static str {
        "acr_values"
    }

    fn is_written(&self, rule: &Rule) -> bool {
        !rule.spec.acr_values.is_empty()
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let Some(acr) = acr(case) else { return Verdict::Unknown };
        let mut wanted = case.rule.spec.acr_values.iter();
        Verdict::of(wanted.any(|wanted| AcrClass::satisfies(acr, wanted)))
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Circumstances
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        shown::list(&case.rule.spec.acr_values, "none")
    }

    fn found(&self, case: &Case<'_>) -> String {
        acr(case).unwrap_or("no sign-in").to_owned()
    }
}

fn acr<'a>(case: &Case<'a>) -> Option<&'a str> {
    let facts = case.facts;
    facts.user.and(facts.authentication).map(|authentication| authentication.acr.as_str())
}
