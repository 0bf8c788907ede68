//! The scopes that a guard requires of a token, combined by *any of* and *all of*.

mod alternatives;

use std::fmt;

use crate::{Scope, ScopeName, ScopeSet};

/// A type that says which scopes a token must hold: one scope, or a combination.
///
/// Every [`ScopeName`] is a rule, and so are the extractors `AnyOf` and `AllOf`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope",
    label = "not a scope",
    note = "declare scopes with `scopes! {{ pub ReadOrders = \"read:orders\"; }}`",
    note = "or write one in place: `scope!(\"read:orders\")`; under `#[scoped]` a string literal will do"
)]
pub trait ScopeRule: Send + Sync + 'static {
    /// The rule as data.
    const REQUIREMENT: Requirement;

    /// The rule as data, for a value of this type: `scope!("read:orders").requirement()`.
    fn requirement(&self) -> Requirement {
        Self::REQUIREMENT
    }
}

impl<S: ScopeName> ScopeRule for S {
    const REQUIREMENT: Requirement = Requirement::scope(S::NAME);
}

/// A tuple of one to eight rules, as `AnyOf` and `AllOf` accept.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of scopes",
    label = "not a tuple of scopes",
    note = "write one to eight scopes as a tuple: `(ReadOrders, WriteOrders)`",
    note = "under `#[scoped]` a list will do: `AnyOf<\"read:orders\", WriteOrders>`"
)]
pub trait ScopeRules: Send + Sync + 'static {
    /// The rules as data, in their order.
    const REQUIREMENTS: &'static [Requirement];
}

macro_rules! tuples_of_rules {
    ($($($rule:ident)+;)+) => {$(
        impl<$($rule: ScopeRule),+> ScopeRules for ($($rule,)+) {
            const REQUIREMENTS: &'static [Requirement] = &[$($rule::REQUIREMENT),+];
        }
    )+};
}

tuples_of_rules! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// The scopes that a token must hold, as data for the check, the challenge and documents.
///
/// Its `Display` is for logs and documents: `any of (read:orders, all of (admin, orders))`.
///
/// ```
/// use scopegate_claims::{Requirement, ScopeSet};
///
/// const MAY_SEE: Requirement = Requirement::any_of(&[
///     Requirement::scope("read:orders"),
///     Requirement::all_of(&[Requirement::scope("admin"), Requirement::scope("orders")]),
/// ]);
///
/// assert!(MAY_SEE.allows(&ScopeSet::parse("orders admin").unwrap()));
/// let held = ScopeSet::parse("admin").unwrap();
/// assert!(!MAY_SEE.allows(&held));
/// assert_eq!(MAY_SEE.needed(&held).as_str(), "read:orders");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Requirement(Kind);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    All(&'static [Requirement]),
    Any(&'static [Requirement]),
    Scope(&'static str),
}

impl Requirement {
    /// One scope.
    ///
    /// # Panics
    ///
    /// If the name is not a scope-token (RFC 6749 §3.3). In a constant this is a compile error.
    pub const fn scope(name: &'static str) -> Self {
        assert!(Scope::is_token(name), "the name of a scope breaks the grammar of RFC 6749 §3.3");
        Self(Kind::Scope(name))
    }

    /// At least one of several. With no alternatives, no token passes.
    pub const fn any_of(alternatives: &'static [Self]) -> Self {
        Self(Kind::Any(alternatives))
    }

    /// All of several.
    pub const fn all_of(parts: &'static [Self]) -> Self {
        Self(Kind::All(parts))
    }

    /// Tells whether a token with these scopes passes.
    pub fn allows(&self, held: &ScopeSet) -> bool {
        match self.0 {
            Kind::All(parts) => parts.iter().all(|part| part.allows(held)),
            Kind::Any(alternatives) => alternatives.iter().any(|one| one.allows(held)),
            Kind::Scope(name) => held.contains(name),
        }
    }

    /// The scopes that a token must hold to pass, for the `scope` of a challenge (RFC 6750 §3).
    ///
    /// The `scope` of a challenge cannot express "or". The result is the alternative with the
    /// fewest missing scopes, or the first of several such alternatives. A token with these scopes
    /// passes.
    pub fn needed(&self, held: &ScopeSet) -> ScopeSet {
        ScopeSet::from_tokens(self.fewest_missing(held))
            .expect("each name was checked when it was made")
    }

    /// Every scope that is mentioned, without duplicates, in the order of their first appearance.
    pub fn scopes(&self) -> Vec<&'static str> {
        match self.0 {
            Kind::All(parts) | Kind::Any(parts) => {
                let mut scopes = Vec::new();
                parts.iter().for_each(|part| append(&mut scopes, part.scopes()));
                scopes
            }
            Kind::Scope(name) => vec![name],
        }
    }

    /// The scopes of the alternative with the fewest missing scopes.
    fn fewest_missing(&self, held: &ScopeSet) -> Vec<&'static str> {
        let missing =
            |scopes: &Vec<&str>| scopes.iter().filter(|scope| !held.contains(scope)).count();
        match self.0 {
            Kind::All(parts) => {
                let mut scopes = Vec::new();
                parts.iter().for_each(|part| append(&mut scopes, part.fewest_missing(held)));
                scopes
            }
            Kind::Any(alternatives) => alternatives
                .iter()
                .map(|one| one.fewest_missing(held))
                .min_by_key(missing)
                .unwrap_or_default(),
            Kind::Scope(name) => vec![name],
        }
    }
}

fn append(scopes: &mut Vec<&'static str>, more: Vec<&'static str>) {
    for scope in more {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, parts) = match self.0 {
            Kind::All(parts) => ("all of", parts),
            Kind::Any(parts) => ("any of", parts),
            Kind::Scope(name) => return f.write_str(name),
        };
        write!(f, "{word} (")?;
        for (at, part) in parts.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{part}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Requirement = Requirement::scope("a");
    const B: Requirement = Requirement::scope("b");
    const C: Requirement = Requirement::scope("c");
    const A_OR_BOTH: Requirement = Requirement::any_of(&[A, Requirement::all_of(&[B, C])]);

    fn held(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn any_and_all_nest() {
        for (scopes, passes) in
            [("a", true), ("b c", true), ("c x b", true), ("b", false), ("", false)]
        {
            assert_eq!(A_OR_BOTH.allows(&held(scopes)), passes, "{scopes:?}");
        }
    }

    #[test]
    fn the_challenge_lists_all_needed_scopes_and_not_only_the_missing_ones() {
        assert_eq!(Requirement::all_of(&[A, B]).needed(&held("a")).as_str(), "a b");
    }

    #[test]
    fn the_challenge_lists_the_alternative_with_the_fewest_missing_scopes() {
        assert_eq!(A_OR_BOTH.needed(&held("")).as_str(), "a");
        assert_eq!(A_OR_BOTH.needed(&held("c")).as_str(), "a", "the first of equals");
        const TWO_OR_ONE: Requirement = Requirement::any_of(&[Requirement::all_of(&[A, B]), C]);
        assert_eq!(TWO_OR_ONE.needed(&held("")).as_str(), "c");
    }

    #[test]
    fn a_token_with_the_needed_scopes_passes() {
        for scopes in ["", "a", "b", "c", "a b", "b c", "x"] {
            let needed = A_OR_BOTH.needed(&held(scopes));
            assert!(A_OR_BOTH.allows(&needed), "{scopes:?}");
        }
    }

    #[test]
    fn no_token_passes_an_empty_list_of_alternatives() {
        assert!(!Requirement::any_of(&[]).allows(&held("a")));
        assert!(Requirement::any_of(&[]).needed(&held("a")).is_empty());
    }

    #[test]
    fn scopes_are_listed_without_duplicates() {
        assert_eq!(Requirement::all_of(&[A_OR_BOTH, A, C]).scopes(), ["a", "b", "c"]);
    }

    #[test]
    fn display_shows_the_nesting() {
        assert_eq!(A_OR_BOTH.to_string(), "any of (a, all of (b, c))");
    }

    #[test]
    fn a_tuple_keeps_its_order() {
        struct First;
        impl ScopeName for First {
            const NAME: &'static str = "first";
        }
        struct Second;
        impl ScopeName for Second {
            const NAME: &'static str = "second";
        }
        let names: Vec<_> =
            <(First, Second)>::REQUIREMENTS.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["first", "second"]);
    }
}
