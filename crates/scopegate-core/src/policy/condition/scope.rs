//! `scopes`: the scopes that are asked for are inside the rule's.

use scopegate_claims::ScopeSet;

use super::{Case, Condition};
use crate::catalog::Scopes;
use crate::policy::{Wanted, is_standard, kept};

/// The condition.
///
/// All scopes that a request names must be inside. Of scopes that it does not name, the default scopes and
/// those of an earlier grant, the rule must give one of its own, if one of its own is asked for.
#[derive(Debug)]
pub(super) struct ScopesAreInside;

impl Condition for ScopesAreInside {
    fn name(&self) -> &'static str {
        "scopes"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        let given = given(case);
        match case.facts.wanted {
            Wanted::Named(_) => given.len() == case.asked.len(),
            Wanted::AtMost(_) | Wanted::Default => {
                let has_own = |scopes: &ScopeSet| !scopes.iter().all(|name| is_free(case, name));
                !given.is_empty() && (has_own(&given) || !has_own(case.asked))
            }
        }
    }
}

/// The asked scopes that the rule gives.
pub(super) fn given(case: &Case<'_>) -> ScopeSet {
    let is_listed = |name: &str| match &case.rule.spec.scopes {
        Scopes::Any => true,
        Scopes::Named(allowed) => allowed.contains(name),
    };
    kept(case.asked, |name| is_free(case, name) || is_listed(name))
}

/// The scopes of OpenID Connect need not be listed where a user takes part.
fn is_free(case: &Case<'_>, name: &str) -> bool {
    case.facts.user.is_some() && is_standard(name)
}
