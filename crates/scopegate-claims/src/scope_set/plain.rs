//! Texts that are sets as they stand, so that nothing need be collected.

use crate::Scope;

/// Up to this many scopes, looking through the text beats building a hash set.
pub(super) const FEW: usize = 32;

/// Whether a text is a set as it stands: few scopes, each once, one space between them.
pub(crate) fn is_plain(text: &str) -> bool {
    let mut seen = [""; FEW];
    let mut rest = text;
    for at in 0..FEW {
        let (scope, after) = first_of(rest);
        if !Scope::is_token(scope) || seen[..at].contains(&scope) {
            return false;
        }
        let Some(after) = after else { return true };
        (seen[at], rest) = (scope, after);
    }
    false
}

/// The first scope of a text, and what comes after the space behind it.
///
/// Scopes are short: a plain walk is faster than what is made for long texts.
pub(super) fn first_of(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], Some(&text[space + 1..])),
        None => (text, None),
    }
}
