//! Texts that are sets as they stand, so that nothing need be collected.

use crate::Scope;

/// Up to this many scopes, looking through the text beats building a hash set.
pub(super) const FEW: usize = 32;

/// Whether a text is a set as it stands: few scopes, each once, one space between them.
pub(crate) fn is_plain(text: &str) -> bool {
    let (mut seen, mut len) = ([(0, 0); FEW], 0);
    let mut start = 0;
    // One walk for all: scopes are short, and what is made for long texts is slower.
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        if byte != b' ' {
            if !Scope::has_byte(byte) {
                return false;
            }
            continue;
        }
        if at == start || len == FEW {
            return false;
        }
        seen[len] = (start, at);
        (len, start) = (len + 1, at + 1);
    }
    let scope = |(start, end): (usize, usize)| &text.as_bytes()[start..end];
    let seen = &seen[..len];
    let twice = |at: usize| seen[..at].iter().any(|&known| scope(known) == scope(seen[at]));
    !(1..len).any(twice)
}

/// The first scope of a text, and what comes after the space behind it.
pub(super) fn first_of(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], Some(&text[space + 1..])),
        None => (text, None),
    }
}
