//! Scopes as types, for use in the signature of a handler.

use std::fmt;

use crate::Scope;
use crate::packed::Packed;

/// A type that stands for one scope.
///
/// `scopes!` declares such types, `scope!("…")` writes one in place. A name that RFC 6749 §3.3 does
/// not allow is a compile error as soon as a guard uses it.
///
/// ```
/// use scopegate_claims::{ScopeName, ScopeRule, ScopeSet};
///
/// struct ReadOrders;
///
/// impl ScopeName for ReadOrders {
///     const NAME: &'static str = "read:orders";
/// }
///
/// let requirement = ReadOrders::REQUIREMENT;
/// assert!(requirement.allows(&ScopeSet::parse("read:orders").unwrap()));
/// assert!(!requirement.allows(&ScopeSet::parse("read:orders:all").unwrap()));
/// ```
///
/// ```compile_fail
/// use scopegate_claims::{ScopeName, ScopeRule};
///
/// struct Orders;
///
/// impl ScopeName for Orders {
///     const NAME: &'static str = "read write"; // two scopes
/// }
///
/// let requirement = Orders::REQUIREMENT;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope",
    label = "not a scope",
    note = "declare scopes with `scopes! {{ pub ReadOrders = \"read:orders\"; }}`",
    note = "or write one in place: `scope!(\"read:orders\")`; under `#[scoped]` a string literal will do"
)]
pub trait ScopeName: Send + Sync + 'static {
    /// The scope as it appears in tokens.
    const NAME: &'static str;
}

/// The type of a scope that was written as a literal: its text, encoded in four numbers.
///
/// `scope!("…")` and `#[scoped]` write this type. The numbers hold at most 64 bytes, big-endian and
/// padded with zeros.
#[derive(Clone, Copy)]
pub struct PackedScope<const A: u128, const B: u128, const C: u128, const D: u128>;

// This type is never written by hand, so compile errors should not suggest it.
#[diagnostic::do_not_recommend]
impl<const A: u128, const B: u128, const C: u128, const D: u128> ScopeName
    for PackedScope<A, B, C, D>
{
    const NAME: &'static str = scope(Packed::<A, B, C, D>::TEXT);
}

impl<const A: u128, const B: u128, const C: u128, const D: u128> fmt::Debug
    for PackedScope<A, B, C, D>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackedScope").field(&Self::NAME).finish()
    }
}

/// Checks that the text is a scope. It runs at compile time, so a failed check is a compile error.
const fn scope(text: &str) -> &str {
    assert!(Scope::is_token(text), "these numbers are not a packed scope: write `scope!(\"…\")`");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::word;

    #[test]
    fn unpacking_gives_the_packed_name() {
        type Short = PackedScope<{ word(b"read:orders\0\0\0\0\0") }, 0, 0, 0>;
        assert_eq!(Short::NAME, "read:orders");
        assert_eq!(
            format!("{:?}", PackedScope::<{ word(b"a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") }, 0, 0, 0>),
            r#"PackedScope("a")"#
        );
    }

    #[test]
    fn a_packed_scope_has_size_zero() {
        assert_eq!(size_of::<PackedScope<1, 2, 3, 4>>(), 0);
    }
}
