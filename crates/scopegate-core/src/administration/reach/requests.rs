//! The scopes that a request may name together with the one that is looked for.

use std::collections::BTreeSet;

use scopegate_claims::ScopeSet;

use crate::catalog::{AuthorizationServer, Effect, Policy, Rule, Scopes};
use crate::expression::Root;
use crate::policy::is_standard;

/// Maximum number of sets that are left out in each combination. With more of them, each is left out alone,
/// and all together.
const MAX_COMBINED: usize = 4;
/// Maximum number of requests for a scope. Each is tried with all rules.
const MAX_REQUESTS: usize = 256;

type Names<'c> = BTreeSet<&'c str>;

/// The requests for `wanted` and other scopes of the server that may reach another rule than a request for
/// `wanted` alone.
///
/// An earlier allow rule takes a request only if it allows all of its scopes. So each allow rule is tried with
/// all of its scopes. An earlier deny rule, and an earlier rule that narrows, takes a request if one of the
/// scopes is inside. So their scopes are left out, in each combination. `can_be_given` tells whether the grant
/// gives a scope at all.
pub(super) fn wider(
    server: &AuthorizationServer,
    wanted: &ScopeSet,
    can_be_given: impl Fn(&str) -> bool,
) -> Vec<ScopeSet> {
    let own = server.scopes.keys().map(scopegate_claims::Scope::as_str);
    let own: Names<'_> = own.filter(|name| !is_standard(name) && can_be_given(name)).collect();
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
    let requests = requests.into_iter().map(|names| {
        ScopeSet::from_tokens(wanted.iter().chain(names)).unwrap_or_else(|_| wanted.clone())
    });
    let mut requests: Vec<_> = requests.filter(|scopes| scopes != wanted).collect();
    requests.sort_by_key(|scopes| scopes.iter().count());
    requests.dedup();
    requests.truncate(MAX_REQUESTS);
    requests
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
