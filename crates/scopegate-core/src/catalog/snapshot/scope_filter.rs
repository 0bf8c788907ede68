//! Finds most rules whose scopes do not fit without reading the rules.
//!
//! A policy may have a thousand rules for a grant type, most of them for other scopes. Each scope has one of 64
//! bits. A rule whose bits do not fit cannot match. A rule whose bits fit is tried, because two scopes may have the
//! same bit.

use scopegate_claims::ScopeSet;

use crate::catalog::{Effect, RuleSpec, Scopes};

/// The bits of the scopes of a rule, with what decides how they must fit.
#[derive(Clone, Copy, Debug)]
pub struct ScopeFilter {
    bits: u64,
    narrow: bool,
    /// What the rule does if it matches.
    pub effect: Effect,
}

/// The bits of the scopes of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestedBits {
    all: u64,
    needed: u64,
    is_named: bool,
}

impl ScopeFilter {
    /// The bits of a rule that is for any scope.
    const ANY: u64 = u64::MAX;

    pub(super) fn of(rule: &RuleSpec) -> Self {
        let bits = match &rule.scopes {
            Scopes::Any => Self::ANY,
            Scopes::Named(scopes) => scopes.iter().map(bit).fold(0, |bits, bit| bits | bit),
        };
        Self { bits, narrow: rule.narrow, effect: rule.effect }
    }

    /// Tells whether the scopes of the rule may fit. If not, its condition `scopes` does not hold.
    pub fn may_fit(self, requested: RequestedBits) -> bool {
        let RequestedBits { all, needed, is_named } = requested;
        match self.effect {
            Effect::Deny => self.bits == Self::ANY || self.bits & all != 0,
            Effect::Allow if is_named && !self.narrow => needed & !self.bits == 0,
            Effect::Allow => needed == 0 || needed & self.bits != 0,
        }
    }
}

impl RequestedBits {
    /// The bits of the requested scopes. A rule need not list those that are `free`. `is_named` tells whether the
    /// request names its scopes.
    pub fn of(requested: &ScopeSet, is_free: impl Fn(&str) -> bool, is_named: bool) -> Self {
        let (mut all, mut needed) = (0, 0);
        for name in requested.iter() {
            let bit = bit(name);
            all |= bit;
            needed |= if is_free(name) { 0 } else { bit };
        }
        Self { all, needed, is_named }
    }
}

/// One of 64 bits, by the FNV-1a hash of the name. Names are written by administrators, and a bad choice of them
/// only makes requests slower.
fn bit(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 << (hash >> 58)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(effect: Effect, narrow: bool, scopes: &str) -> ScopeFilter {
        let scopes = match scopes {
            "*" => Scopes::Any,
            named => Scopes::Named(ScopeSet::parse(named).unwrap()),
        };
        ScopeFilter::of(&RuleSpec { effect, narrow, scopes, ..RuleSpec::default() })
    }

    #[test]
    fn a_rule_for_other_scopes_cannot_fit() {
        assert_ne!(bit("read"), bit("write"), "the test needs names with different bits");
        assert_ne!(bit("read"), bit("openid"), "the test needs names with different bits");
        let is_free = |name: &str| name == "openid";
        let bits = |text: &str, is_named| {
            RequestedBits::of(&ScopeSet::parse(text).unwrap(), is_free, is_named)
        };
        for (effect, narrow, scopes, requested, named, unnamed) in [
            (Effect::Allow, false, "read", "read", true, true),
            (Effect::Allow, false, "read", "read write", false, true),
            (Effect::Allow, true, "read", "read write", true, true),
            (Effect::Allow, false, "read", "write", false, false),
            (Effect::Allow, false, "read", "openid read", true, true),
            (Effect::Allow, false, "read", "openid write", false, false),
            (Effect::Allow, false, "read", "openid", true, true),
            (Effect::Allow, false, "*", "read write", true, true),
            (Effect::Deny, false, "read", "read write", true, true),
            (Effect::Deny, false, "read", "write", false, false),
            (Effect::Deny, false, "openid", "openid write", true, true),
            (Effect::Deny, false, "*", "", true, true),
            (Effect::Deny, false, "read", "", false, false),
        ] {
            let filter = filter(effect, narrow, scopes);
            assert_eq!(
                filter.may_fit(bits(requested, true)),
                named,
                "{effect:?} {scopes}: {requested}"
            );
            assert_eq!(
                filter.may_fit(bits(requested, false)),
                unnamed,
                "{effect:?} {scopes}: {requested}"
            );
        }
    }
}
