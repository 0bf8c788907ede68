//! The conditions of a rule. A rule matches if all conditions hold.
//!
//! To add a condition, add a file and a line in [`CONDITIONS`].

mod built_in;
mod client;
mod grant_type;
mod scope;
mod user;

use scopegate_claims::ScopeSet;

use super::Facts;
use crate::catalog::{Policy, Rule};

/// All conditions, in the order in which they are tried.
pub static CONDITIONS: &[&dyn Condition] = &[
    &client::ClientIsNamed,
    &built_in::BuiltInRule,
    &grant_type::GrantTypeIsListed,
    &user::UserIsAmong,
    &scope::ScopesAreInside,
];

/// Something that must hold for a rule to match.
pub trait Condition: Sync {
    /// The name that a trace shows: the key of the condition in the catalog file.
    fn name(&self) -> &'static str;

    /// Whether the condition holds.
    fn holds(&self, case: &Case<'_>) -> bool;
}

/// A rule that is tried for a request.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The facts of the request.
    pub facts: &'a Facts<'a>,
    /// The policy of the rule.
    pub policy: &'a Policy,
    /// The rule.
    pub rule: &'a Rule,
    /// The requested scopes.
    pub requested: &'a ScopeSet,
}

/// The index in [`CONDITIONS`] of the first condition that does not hold.
pub(super) fn first_that_fails(case: &Case<'_>) -> Option<u8> {
    let failed = (0..).zip(CONDITIONS).find(|(_, condition)| !condition.holds(case));
    failed.map(|(index, _)| index)
}

/// The scopes that a matching rule gives.
pub(super) fn scopes_given(case: &Case<'_>) -> ScopeSet {
    scope::given(case)
}

#[cfg(test)]
mod tests;
