//! The conditions of a rule. A rule matches if all conditions hold.
//!
//! To add a condition, add a file and a line in [`CONDITIONS`].

mod acr;
mod built_in;
mod client;
mod client_auth;
mod grant_type;
mod hours;
mod max_age;
mod resource;
mod scope;
mod shown;
mod user;
mod when;
mod zone;

use scopegate_claims::ScopeSet;

use super::{Facts, Wanted};
use crate::catalog::{Effect, Policy, RequestedBits, Rule};
use crate::expression::Work;

/// All conditions, in the order in which they are tried.
///
/// What the catalog decides comes first: if the scopes of a rule do not fit, its hours do not matter.
pub static CONDITIONS: &[&dyn Condition] = &[
    &client::ClientIsNamed,
    &grant_type::GrantTypeIsListed,
    &scope::ScopesFit,
    &built_in::BuiltInRule,
    &user::UserIsAmong,
    &client_auth::ClientAuthIsListed,
    &resource::ResourcesAreListed,
    &zone::AddressIsInside,
    &zone::AddressIsOutside,
    &acr::SignInIsStrong,
    &max_age::SignInIsRecent,
    &hours::TimeIsInHours,
    &when::ExpressionIsTrue,
];

/// The index of the condition `scopes` in [`CONDITIONS`].
pub(super) const SCOPES: u8 = 2;

/// The number of conditions at the start of [`CONDITIONS`] that the index of a server decides:
/// [`AuthorizationServer::rules_for`](crate::catalog::AuthorizationServer::rules_for) returns only rules for
/// which they hold.
pub(super) const INDEXED: usize = 2;

/// Something that must hold for a rule to match.
pub trait Condition: Sync {
    /// The name that a trace shows: the key of the condition in the catalog file.
    fn name(&self) -> &'static str;

    /// Tells whether the rule has this condition. If it does not, the condition holds.
    fn is_written(&self, rule: &Rule) -> bool;

    /// Whether the condition holds. It is called only for rules that have the condition.
    fn check(&self, case: &Case<'_>) -> Verdict;

    /// What the result depends on.
    fn depends_on(&self, rule: &Rule) -> Dependence;

    /// What the rule requires, for an explanation.
    fn wanted(&self, case: &Case<'_>) -> String;

    /// What the request has instead, for an explanation.
    fn found(&self, case: &Case<'_>) -> String;
}

/// The result of a [`Condition`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each variant")]
pub enum Verdict {
    /// The condition does not hold.
    Fails,
    /// The condition holds.
    Holds,
    /// The condition cannot be evaluated, because a fact is not known.
    Unknown,
}

impl Verdict {
    /// [`Holds`](Self::Holds) or [`Fails`](Self::Fails).
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// Tells whether a rule can match although a condition has this result. An allow rule needs conditions
    /// that hold. A deny rule also matches if a condition cannot be evaluated: otherwise an unknown fact
    /// would give more than a known one.
    pub fn lets_match(self, effect: Effect) -> bool {
        match self {
            Self::Fails => false,
            Self::Holds => true,
            Self::Unknown => effect == Effect::Deny,
        }
    }
}

/// What the result of a condition depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each variant")]
pub enum Dependence {
    /// The client, its stored authentication method, the user, the grant type and the scopes only.
    Catalog,
    /// The time, the address, the sign-in, the resource or other parts of the request.
    Circumstances,
}

/// A rule that is tried for a request.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it to try a single rule")]
pub struct Case<'a> {
    /// The facts of the request.
    pub facts: &'a Facts<'a>,
    /// The policy of the rule.
    pub policy: &'a Policy,
    /// The rule.
    pub rule: &'a Rule,
    /// The requested scopes.
    pub requested: &'a ScopeSet,
    /// What the expressions of the rules may still use.
    pub work: &'a Work,
}

impl Case<'_> {
    /// The index in [`CONDITIONS`] of the first condition that keeps the rule from matching.
    pub fn first_that_fails(&self) -> Option<u8> {
        self.first_after(0)
    }

    /// The same for a rule of the index, which holds the first conditions.
    pub(super) fn first_of_indexed(&self) -> Option<u8> {
        self.first_after(INDEXED)
    }

    fn first_after(&self, start: usize) -> Option<u8> {
        let effect = self.rule.spec.effect;
        let mut written = self.rule.conditions(written) & (u32::MAX << start);
        while written != 0 {
            let index = written.trailing_zeros();
            if !CONDITIONS[index as usize].check(self).lets_match(effect) {
                return u8::try_from(index).ok();
            }
            written &= written - 1;
        }
        None
    }

    /// The bits of the requested scopes.
    pub(super) fn requested_bits(facts: &Facts<'_>, requested: &ScopeSet) -> RequestedBits {
        let is_named = matches!(facts.wanted, Wanted::Named(_));
        RequestedBits::of(requested, |name| scope::is_always_given(facts, name), is_named)
    }

    /// The scopes that the rule gives if it matches.
    pub(crate) fn scopes_given(&self) -> ScopeSet {
        scope::given(self)
    }
}

/// The conditions that a rule has: bit `n` is for the condition at index `n` of [`CONDITIONS`].
fn written(rule: &Rule) -> u32 {
    let conditions = (0..).zip(CONDITIONS).filter(|(_, condition)| condition.is_written(rule));
    conditions.fold(0, |bits, (index, _)| bits | 1_u32 << index)
}

#[cfg(test)]
mod tests;
