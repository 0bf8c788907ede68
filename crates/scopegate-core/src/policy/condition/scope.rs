//! `scopes`: the rule allows the requested scopes, or denies one of them.

use scopegate_claims::ScopeSet;

use super::{Case, Condition, Dependence, Verdict, shown};
use crate::catalog::{Effect, Rule, Scopes};
use crate::policy::{Facts, Wanted, is_standard, retained};

/// The condition.
///
/// An allow rule must give all scopes that the request names, unless the rule narrows. If the request names no
/// scopes, the requested scopes are the default scopes or those of an earlier grant. In that case, and if the
/// rule narrows, it must give at least one of them, and at least one API scope if API scopes are among
/// them.
///
/// A deny rule matches if one of the requested scopes is inside.
#[derive(Debug)]
pub(super) struct ScopesFit;

impl Condition for ScopesFit {
    fn name(&self) -> &'static str {
        "scopes"
    }

    fn is_written(&self, _: &Rule) -> bool {
        true
    }

    fn check(&self, case: &Case<'_>) -> Verdict {
        let mut requested = case.requested.iter();
        Verdict::of(match (case.rule.spec.effect, case.facts.wanted) {
            (Effect::Deny, _) => match &case.rule.spec.scopes {
                Scopes::Any => true,
                Scopes::Named(denied) => requested.any(|name| denied.contains(name)),
            },
            (Effect::Allow, Wanted::Named(_)) if !case.rule.spec.narrow => {
                requested.all(|name| is_given(case, name))
            }
            (Effect::Allow, _) => gives_some(case),
        })
    }

    fn depends_on(&self, _: &Rule) -> Dependence {
        Dependence::Catalog
    }

    fn wanted(&self, case: &Case<'_>) -> String {
        match &case.rule.spec.scopes {
            Scopes::Any => "any scope".to_owned(),
            Scopes::Named(scopes) => shown::list(scopes.iter(), "none"),
        }
    }

    fn found(&self, case: &Case<'_>) -> String {
        shown::list(case.requested.iter(), "none")
    }
}

/// Tells whether the rule gives at least one requested scope, and an API scope if one is requested.
fn gives_some(case: &Case<'_>) -> bool {
    let (mut given, mut has_api_scope, mut gives_api_scope) = (false, false, false);
    for name in case.requested.iter() {
        let (is_given, is_of_api) = (is_given(case, name), !is_always_given(case.facts, name));
        given |= is_given;
        has_api_scope |= is_of_api;
        gives_api_scope |= is_of_api && is_given;
    }
    given && (gives_api_scope || !has_api_scope)
}

/// The requested scopes that the rule gives.
pub(super) fn given(case: &Case<'_>) -> ScopeSet {
    retained(case.requested, |name| is_given(case, name))
}

fn is_given(case: &Case<'_>, name: &str) -> bool {
    let is_listed = match &case.rule.spec.scopes {
        Scopes::Any => true,
        Scopes::Named(allowed) => allowed.contains(name),
    };
    is_listed || is_always_given(case.facts, name)
}

/// If a user takes part, a rule need not list the scopes of OpenID Connect.
pub(super) fn is_always_given(facts: &Facts<'_>, name: &str) -> bool {
    facts.user.is_some() && is_standard(name)
}
