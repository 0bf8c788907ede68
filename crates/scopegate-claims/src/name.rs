//! Scopes as types, for the signature of a handler.

use std::fmt;

use crate::Scope;

/// A type that stands for one scope.
///
/// `scopes!` declares such types, `scope!("…")` writes one in place. A name that RFC 6749 §3.3 does
/// not allow stops the build as soon as a guard uses it.
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
/// # use scopegate_claims::{ScopeName, ScopeRule};
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
    /// The scope as tokens carry it.
    const NAME: &'static str;
}

/// The type of a scope that was written as a literal: its text, in four numbers.
///
/// `scope!("…")` and `#[scoped]` write it; stable Rust has no string among const parameters. The
/// bytes are big-endian and padded with zeros, at most 64.
#[derive(Clone, Copy)]
pub struct PackedScope<const A: u128, const B: u128, const C: u128, const D: u128>;

impl<const A: u128, const B: u128, const C: u128, const D: u128> PackedScope<A, B, C, D> {
    const BYTES: [u8; 64] = unpack([A, B, C, D]);
}

// Nobody writes this type by hand, so compile errors do not offer it.
#[diagnostic::do_not_recommend]
impl<const A: u128, const B: u128, const C: u128, const D: u128> ScopeName
    for PackedScope<A, B, C, D>
{
    const NAME: &'static str = scope_in(&Self::BYTES);
}

impl<const A: u128, const B: u128, const C: u128, const D: u128> fmt::Debug
    for PackedScope<A, B, C, D>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackedScope").field(&Self::NAME).finish()
    }
}

pub(crate) const fn unpack(words: [u128; 4]) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = words[at / 16].to_be_bytes()[at % 16];
        at += 1;
    }
    bytes
}

/// The text before the padding; empty if there is none.
pub(crate) const fn text_in(bytes: &[u8; 64]) -> &str {
    let mut len = 0;
    while len < bytes.len() && bytes[len] != 0 {
        len += 1;
    }
    match str::from_utf8(bytes.split_at(len).0) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// The scope before the padding. It runs in the compiler, so a failed check is a compile error.
const fn scope_in(bytes: &[u8; 64]) -> &str {
    let text = text_in(bytes);
    assert!(Scope::is_token(text), "these numbers are not a packed scope: write `scope!(\"…\")`");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn word(text: &[u8; 16]) -> u128 {
        u128::from_be_bytes(*text)
    }

    #[test]
    fn the_name_is_what_was_packed() {
        type Short = PackedScope<{ word(b"read:orders\0\0\0\0\0") }, 0, 0, 0>;
        assert_eq!(Short::NAME, "read:orders");
        assert_eq!(
            format!("{:?}", PackedScope::<{ word(b"a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") }, 0, 0, 0>),
            r#"PackedScope("a")"#
        );
    }

    #[test]
    fn all_sixty_four_bytes_are_room() {
        const WORD: u128 = word(b"0123456789abcdef");
        type Full = PackedScope<WORD, WORD, WORD, WORD>;
        assert_eq!(Full::NAME, "0123456789abcdef".repeat(4));
    }

    #[test]
    fn a_literal_costs_nothing_at_run_time() {
        assert_eq!(size_of::<PackedScope<1, 2, 3, 4>>(), 0);
    }
}
