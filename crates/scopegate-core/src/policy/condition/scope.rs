//! `scopes`: the rule allows the requested scopes.

use scopegate_claims::ScopeSet;

use super::{Case, Condition};
use crate::catalog::Scopes;
use crate::policy::{Wanted, is_standard, retained};

/// The condition.
///
/// If the request names scopes, the rule must give all of them. Otherwise the requested scopes are the
/// default scopes or those of an earlier grant. Then the rule must give at least one of them, and at least
/// one API scope if API scopes are among them.
#[derive(Debug)]
pub(super) struct ScopesAreInside;

impl Condition for ScopesAreInside {
    fn name(&self) -> &'static str {
        "scopes"
    }

    fn holds(&self, case: &Case<'_>) -> bool {
        let given = given(case);
        match case.facts.wanted {
            Wanted::Named(_) => given.len() == case.requested.len(),
            Wanted::AtMost(_) | Wanted::Default => {
                let has_api_scope =
                    |scopes: &ScopeSet| !scopes.iter().all(|name| is_always_given(case, name));
                !given.is_empty() && (has_api_scope(&given) || !has_api_scope(case.requested))
            }
        }
    }
}

/// The requested scopes that the rule gives.
pub(super) fn given(case: &Case<'_>) -> ScopeSet {
    let is_listed = |name: &str| match &case.rule.spec.scopes {
        Scopes::Any => true,
        Scopes::Named(allowed) => allowed.contains(name),
    };
    retained(case.requested, |name| is_always_given(case, name) || is_listed(name))
}

/// If a user takes part, a rule need not list the scopes of OpenID Connect.
fn is_always_given(case: &Case<'_>, name: &str) -> bool {
    case.facts.user.is_some() && is_standard(name)
}
