//! Strings that already have the stored form of a set, so that they need not be rebuilt.

use crate::Scope;

/// Up to this many scopes, scanning the string is faster than building a hash set.
pub(super) const FEW: usize = 32;

/// Whether a string already has the stored form of a set: at most [`FEW`] scopes, no duplicates,
/// one space between scopes.
pub(crate) fn is_plain(text: &str) -> bool {
    // `fold` without an early return lets the compiler check many bytes per instruction.
    let is_allowed = |byte: &u8| *byte == b' ' || Scope::has_byte(*byte);
    if !text.as_bytes().iter().fold(true, |plain, byte| plain & is_allowed(byte)) {
        return false;
    }
    let (mut seen, mut len) = ([""; FEW], 0);
    for scope in text.split(' ') {
        if scope.is_empty() || len == FEW || seen[..len].contains(&scope) {
            return false;
        }
        seen[len] = scope;
        len += 1;
    }
    true
}

/// The first scope of a string, and the rest after its space if there is one.
pub(super) fn first_of(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], Some(&text[space + 1..])),
        None => (text, None),
    }
}
