//! The conditions of a rule. A rule matches if all of them hold.
//!
//! A condition is one file and one line in [`CONDITIONS`].

mod built_in;
mod client;
mod grant_type;
mod scope;
mod user;

use scopegate_claims::ScopeSet;

use super::Facts;
use crate::catalog::{Policy, Rule};

/// Every condition, in the order in which they are tried.
pub static CONDITIONS: &[&dyn Condition] = &[
    &client::ClientIsNamed,
    &built_in::BuiltInRule,
    &grant_type::GrantTypeIsListed,
    &user::UserIsAmong,
    &scope::ScopesAreInside,
];

/// What must hold for a rule to match.
pub trait Condition: Sync {
    /// The name by which a person who reads a decision knows it: the key in the catalog file.
    fn name(&self) -> &'static str;

    /// Tells whether it holds.
    fn holds(&self, case: &Case<'_>) -> bool;
}

/// A rule that is tried for a request.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What is known of the request.
    pub facts: &'a Facts<'a>,
    /// The policy of the rule.
    pub policy: &'a Policy,
    /// The rule.
    pub rule: &'a Rule,
    /// The scopes that are asked for.
    pub asked: &'a ScopeSet,
}

/// The place in [`CONDITIONS`] of the first condition that does not hold.
pub(super) fn first_that_fails(case: &Case<'_>) -> Option<u8> {
    let failed = (0..).zip(CONDITIONS).find(|(_, condition)| !condition.holds(case));
    failed.map(|(place, _)| place)
}

/// The scopes that a rule gives which matches.
pub(super) fn scopes_given(case: &Case<'_>) -> ScopeSet {
    scope::given(case)
}

#[cfg(test)]
mod tests;
