//! Combining rules as values, for code that states them outside of a signature.

use std::fmt;
use std::marker::PhantomData;

use crate::{Requirement, ScopeRule, ScopeRules};

/// Combines rules into a rule that requires at least one of them.
///
/// ```
/// use scopegate_claims::{ScopeName, ScopeRule, ScopeSet, all_of, any_of};
///
/// // The macro `scopes!` generates such types.
/// struct ReadOrders;
/// struct Admin;
/// struct Orders;
///
/// impl ScopeName for ReadOrders {
///     const NAME: &'static str = "read:orders";
/// }
///
/// impl ScopeName for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// impl ScopeName for Orders {
///     const NAME: &'static str = "orders";
/// }
///
/// let rule = any_of((ReadOrders, all_of((Admin, Orders)))).requirement();
/// assert_eq!(rule.to_string(), "any of (read:orders, all of (admin, orders))");
/// assert!(rule.allows(&ScopeSet::parse("orders admin").unwrap()));
/// assert!(!rule.allows(&ScopeSet::parse("orders").unwrap()));
/// ```
pub fn any_of<T: ScopeRules>(_: T) -> AnyRule<T> {
    AnyRule(PhantomData)
}

/// Combines rules into a rule that requires all of them. See [`any_of`].
pub fn all_of<T: ScopeRules>(_: T) -> AllRule<T> {
    AllRule(PhantomData)
}

/// The rule that [`any_of`] returns.
pub struct AnyRule<T: ScopeRules>(PhantomData<fn() -> T>);

/// The rule that [`all_of`] returns.
pub struct AllRule<T: ScopeRules>(PhantomData<fn() -> T>);

// Extractors are written as `AnyOf` and `AllOf`, so compile errors should not suggest these types.
#[diagnostic::do_not_recommend]
impl<T: ScopeRules> ScopeRule for AnyRule<T> {
    const REQUIREMENT: Requirement = Requirement::any_of(T::REQUIREMENTS);
}

#[diagnostic::do_not_recommend]
impl<T: ScopeRules> ScopeRule for AllRule<T> {
    const REQUIREMENT: Requirement = Requirement::all_of(T::REQUIREMENTS);
}

macro_rules! value_of_a_rule {
    ($($name:ident)+) => {$(
        impl<T: ScopeRules> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T: ScopeRules> Copy for $name<T> {}

        impl<T: ScopeRules> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.requirement().fmt(f)
            }
        }
    )+};
}

value_of_a_rule! { AnyRule AllRule }
