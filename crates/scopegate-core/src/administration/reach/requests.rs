//! The scopes that a request may name together with the one that is looked for.

use std::collections::BTreeSet;

use scopegate_claims::ScopeSet;

use crate::catalog::{AuthorizationServer, Effect, Policy, Rule, Scopes};
use crate::expression::Root;
use crate::policy::is_standard;

/// If a server has at most this many scopes, each set of them is tried.
const MAX_TRIED: usize = 5;
/// Maximum number of sets that are left out in each combination. With more of them, each is left out alone,
/// and all together.
const MAX_COMBINED: usize = 4;
/// Maximum number of requests for a scope. Each is tried with all rules.
const MAX_REQUESTS: usize = 256;

type Names<'c> = BTreeSet<&'c str>;

/// The requests for `wanted` and other scopes of the server that may reach another rule than a request for
/// `wanted` alone. If the server has few scopes, these are all sets of them.
///
/// If there are more: an earlier allow rule takes a request only if it allows all of its scopes. So each allow rule is tried with
/// all of its scopes. An earlier deny rule, and an earlier rule that narrows, takes a request if one of the
/// scopes is inside. So their scopes are left out, in each combination. `can_be_given` tells whether the grant
/// gives a scope at all.
pub(super) fn wider(
    server: &AuthorizationServer,
    wanted: &ScopeSet,
    can_be_given: impl Fn(&str) -> bool,
) -> Vec<ScopeSet> {
    let own = server.scopes.keys().map(scopegate_claims::Scope::as_str);
    let own: Names<'_> = own.filter(|name| !is_standard(name)).collect();
    if own.len() <= MAX_TRIED {
        return named_with(wanted, subsets(&own));
    }
    let own: Names<'_> = own.into_iter().filter(|name| can_be_given(name)).collect();
    let rules = || server.policies().iter().flat_map(Policy::rules);
    let has_wanted = |names: &Names<'_>| wanted.iter().any(|name| names.contains(name));
    let (mut wide, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules() {
        let inside = inside(rule, &own);
        let is_allow = rule.spec.effect == Effect::Allow;
        if is_allow && wanted.iter().all(|name| is_standard(name) || inside.contains(name)) {
            wide.insert(if rule.spec.narrow { own.clone() } else { inside.clone() });
        }
        if (!is_allow || rule.spec.narrow) && !has_wanted(&inside) {
            taken.insert(inside);
        }
    }
    let mut requests = BTreeSet::new();
    for names in wide {
        for left_out in combinations(taken.iter().filter(|taken| !taken.is_disjoint(&names))) {
            requests.insert(&names - &left_out);
        }
    }
    if rules().any(reads_scopes) {
        let pairs: Vec<_> = own.iter().map(|name| Names::from([*name])).collect();
        let without: Vec<_> = pairs.iter().map(|name| &own - name).collect();
        requests.extend(pairs.into_iter().chain(without));
    }
    named_with(wanted, requests)
}

/// Requests for `wanted` and other scopes, those for few scopes first.
fn named_with(wanted: &ScopeSet, others: BTreeSet<Names<'_>>) -> Vec<ScopeSet> {
    let is_other = |name: &&str| !wanted.contains(name);
    let others = others.into_iter().map(|names| names.into_iter().filter(is_other).collect());
    let mut others: Vec<Names<'_>> = others.filter(|names: &Names<'_>| !names.is_empty()).collect();
    others.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    others.dedup();
    let requests = others.into_iter().take(MAX_REQUESTS);
    requests.filter_map(|names| ScopeSet::from_tokens(wanted.iter().chain(names)).ok()).collect()
}

fn subsets<'c>(names: &Names<'c>) -> BTreeSet<Names<'c>> {
    let mut subsets = BTreeSet::from([Names::new()]);
    for name in names {
        let with: Vec<_> = subsets.iter().map(|subset| subset | &Names::from([*name])).collect();
        subsets.extend(with);
    }
    subsets
}

/// The scopes of the server that are inside the rule.
fn inside<'c>(rule: &Rule, own: &Names<'c>) -> Names<'c> {
    match &rule.spec.scopes {
        Scopes::Any => own.clone(),
        Scopes::Named(named) => own.iter().copied().filter(|name| named.contains(name)).collect(),
    }
}

fn reads_scopes(rule: &Rule) -> bool {
    rule.spec.when.as_ref().is_some_and(|when| when.reads().contains(&Root::Scopes))
}

/// The unions of some of the sets.
fn combinations<'n, 'c: 'n>(sets: impl Iterator<Item = &'n Names<'c>>) -> BTreeSet<Names<'c>> {
    let sets: Vec<_> = sets.collect();
    let mut unions = BTreeSet::from([Names::new()]);
    if sets.len() > MAX_COMBINED {
        unions.extend(sets.iter().map(|set| (*set).clone()));
        unions.insert(sets.into_iter().flatten().copied().collect());
        return unions;
    }
    for set in sets {
        let with: Vec<_> = unions.iter().map(|union| union | set).collect();
        unions.extend(with);
    }
    unions
}
