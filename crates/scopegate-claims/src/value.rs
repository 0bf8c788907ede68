//! Claim values as types: roles, groups, authentication context classes (`acr`).

use std::fmt;

use crate::packed::Packed;

/// A type that stands for one value of a claim: a role, a group, an `acr`.
///
/// `values!` declares such types, `value!("…")` writes one in place, and under `#[scoped]` a string
/// literal is enough. A value is not a scope: a client can request scopes, but only the issuer
/// decides on roles, groups and `acr`.
///
/// ```
/// use scopegate_claims::ClaimValue;
///
/// struct Admin;
///
/// impl ClaimValue for Admin {
///     const VALUE: &'static str = "admin";
/// }
///
/// assert_eq!(Admin::VALUE, "admin");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a claim",
    label = "not a value",
    note = "declare values with `values! {{ pub Admin = \"admin\"; }}`",
    note = "or write one in place: `value!(\"admin\")`; under `#[scoped]` a string literal will do"
)]
pub trait ClaimValue: Send + Sync + 'static {
    /// The value as it appears in tokens.
    const VALUE: &'static str;
}

/// One value, or a tuple of one to eight values. One of them is enough; list the preferred one
/// first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a claim, nor a tuple of them",
    label = "not a value",
    note = "declare values with `values! {{ pub Mfa = \"urn:example:mfa\"; }}`",
    note = "or write one in place: `value!(\"urn:example:mfa\")`; under `#[scoped]` literals will do"
)]
pub trait ClaimValues: Send + Sync + 'static {
    /// The values, in their order.
    const VALUES: &'static [&'static str];
}

impl<V: ClaimValue> ClaimValues for V {
    const VALUES: &'static [&'static str] = &[V::VALUE];
}

macro_rules! tuples_of_values {
    ($($($value:ident)+;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($value: ClaimValue),+> ClaimValues for ($($value,)+) {
            const VALUES: &'static [&'static str] = &[$($value::VALUE),+];
        }
    )+};
}

tuples_of_values! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// The type of a value that was written as a literal: its text, encoded in four numbers.
///
/// It works like [`PackedScope`](crate::PackedScope), for strings that need not be scopes.
#[derive(Clone, Copy)]
pub struct PackedValue<const A: u128, const B: u128, const C: u128, const D: u128>;

#[diagnostic::do_not_recommend]
impl<const A: u128, const B: u128, const C: u128, const D: u128> ClaimValue
    for PackedValue<A, B, C, D>
{
    const VALUE: &'static str = value(Packed::<A, B, C, D>::TEXT);
}

impl<const A: u128, const B: u128, const C: u128, const D: u128> fmt::Debug
    for PackedValue<A, B, C, D>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackedValue").field(&Self::VALUE).finish()
    }
}

/// Checks that the text is not empty. It runs at compile time, so a failed check is a compile
/// error.
const fn value(text: &str) -> &str {
    assert!(!text.is_empty(), "these numbers are not a packed value: write `value!(\"…\")`");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::word;

    #[test]
    fn a_value_may_hold_characters_that_a_scope_may_not() {
        type Spaced = PackedValue<{ word(b"store \"manager\"\0") }, 0, 0, 0>;
        assert_eq!(Spaced::VALUE, "store \"manager\"");
        assert_eq!(
            format!("{:?}", PackedValue::<{ word(b"a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") }, 0, 0, 0>),
            r#"PackedValue("a")"#
        );
    }

    #[test]
    fn one_value_is_a_list_of_one_and_a_tuple_keeps_its_order() {
        struct First;
        impl ClaimValue for First {
            const VALUE: &'static str = "first";
        }
        struct Second;
        impl ClaimValue for Second {
            const VALUE: &'static str = "second";
        }
        assert_eq!(First::VALUES, ["first"]);
        assert_eq!(<(Second, First)>::VALUES, ["second", "first"]);
    }
}
