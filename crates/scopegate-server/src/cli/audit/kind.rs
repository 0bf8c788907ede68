//! The kinds of audit events, by a part of their names.

use scopegate_core::audit::event_kinds;
use scopegate_core::spelling::{Quoted, nearest};

/// The kind that a text names: its whole name, or a part that no other kind has.
pub(super) fn parse(text: &str) -> Result<&'static str, String> {
    let whole = event_kinds().find(|kind| *kind == text);
    if let Some(kind) = whole {
        return Ok(kind);
    }
    let mut with_part: Vec<_> = event_kinds().filter(|kind| has_part(kind, text)).collect();
    with_part.sort_unstable();
    match with_part.as_slice() {
        [one] => Ok(one),
        [] => {
            let words = event_kinds().flat_map(|kind| kind.split('.'));
            let near = nearest(text, event_kinds().chain(words));
            let near = near.map_or_else(String::new, |near| format!("; write {}", Quoted(near)));
            let known: Vec<_> = event_kinds().collect();
            Err(format!("unknown kind{near}; the kinds are: {}", known.join(", ")))
        }
        several => Err(format!("several kinds have that part: {}", several.join(", "))),
    }
}

/// Tells whether some whole words of a name are the text.
fn has_part(kind: &str, text: &str) -> bool {
    format!(".{kind}.").contains(&format!(".{text}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_by_its_name_or_by_a_part_that_no_other_has() {
        for (text, kind) in [
            ("catalog.entity.change", "catalog.entity.change"),
            ("catalog", "catalog.entity.change"),
            ("grant.access_token", "app.oauth2.as.token.grant.access_token"),
            ("app.oauth2.as.authorize", "app.oauth2.as.authorize"),
            ("detect_reuse", "app.oauth2.as.token.detect_reuse"),
        ] {
            assert_eq!(parse(text), Ok(kind), "{text}");
        }
        assert!(parse("token").unwrap_err().starts_with("several kinds have that part: "));
        assert!(parse("tok").unwrap_err().starts_with("unknown kind"));
        assert!(parse("revok").unwrap_err().starts_with("unknown kind; write \"revoke\""));
    }
}
