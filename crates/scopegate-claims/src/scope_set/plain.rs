//! Texts that are sets as they stand, so that nothing need be collected.

use crate::Scope;

/// Up to this many scopes, looking through the text beats building a hash set.
pub(super) const FEW: usize = 32;

/// Whether a text is a set as it stands: few scopes, each once, one space between them.
pub(crate) fn is_plain(text: &str) -> bool {
    // Without a way out between, many bytes are looked at in one step.
    let may_be = |byte: &u8| *byte == b' ' || Scope::has_byte(*byte);
    if !text.as_bytes().iter().fold(true, |plain, byte| plain & may_be(byte)) {
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

/// The first scope of a text, and what comes after the space behind it.
pub(super) fn first_of(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], Some(&text[space + 1..])),
        None => (text, None),
    }
}
