//! Suggestions for unknown or misspelt names, and texts in messages.

mod duration;

use std::fmt;

pub use self::duration::{
    PATTERN as DURATION_PATTERN, parse as parse_duration, show as show_duration,
};
pub(crate) use self::duration::{
    parse_short as parse_short_duration, show_short as show_short_duration,
};

/// Maximum number of known names that are compared.
const MAX_COMPARED: usize = 10_000;

/// Maximum number of names that are listed.
const MAX_LISTED: usize = 12;

/// Maximum number of characters of an input that are shown or compared.
const MAX_SHOWN: usize = 60;

/// An input in quotes and on one line, cut after 60 characters.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_SHOWN) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}", format!("{}…", &self.0[..end])),
        }
    }
}

/// Suggests the known name that is most similar to the input, or else lists the known names. The search
/// happens in `Display`.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Instead<'a, I> {
    /// The input.
    pub of: &'a str,
    /// The known names.
    pub known: I,
}

impl<'k, I: Iterator<Item = &'k str> + Clone> fmt::Display for Instead<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = nearest(self.of, self.known.clone()) {
            return write!(f, "write {}", Quoted(name));
        }
        if let Some(name) = continued(self.of, self.known.clone()) {
            return write!(f, "write {}", Quoted(name));
        }
        let mut known = self.known.clone().take(MAX_LISTED + 1);
        match (known.next(), known.next()) {
            (None, _) => f.write_str("there is none"),
            (Some(only), None) => write!(f, "write {}", Quoted(only)),
            (Some(first), Some(second)) => {
                write!(f, "write one of {}, {}", Quoted(first), Quoted(second))?;
                for (index, name) in known.enumerate() {
                    if index + 2 == MAX_LISTED {
                        return f.write_str(", …");
                    }
                    write!(f, ", {}", Quoted(name))?;
                }
                Ok(())
            }
        }
    }
}

/// The only known name that begins with the input and `_`, such as `pkce_required` for `pkce`.
fn continued<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let begins = |name: &&str| {
        name.strip_prefix(written).is_some_and(|rest| rest.starts_with('_') && !written.is_empty())
    };
    let mut found = known.take(MAX_COMPARED).filter(begins);
    found.next().filter(|_| found.next().is_none())
}

/// The known name that is most similar to the input, if it has at most 1 to 3 typing mistakes, depending on
/// the length.
pub fn nearest<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let length = written.chars().take(MAX_SHOWN + 1).count();
    if length > MAX_SHOWN {
        return None;
    }
    let max_mistakes = (length / 3).clamp(1, 3);
    let written = written.to_lowercase();
    known
        .take(MAX_COMPARED)
        // The distance is at least the difference of the lengths in characters, so longer names need not be
        // compared. A character has at most 4 bytes.
        .filter(|name| name.len() <= 4 * (MAX_SHOWN + max_mistakes))
        .map(|name| (strsim::osa_distance(&written, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= max_mistakes)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["name", "scopes", "status", "grant_types"];

    fn instead(written: &str, known: &[&str]) -> String {
        Instead { of: written, known: known.iter().copied() }.to_string()
    }

    #[test]
    fn a_typing_mistake_is_corrected() {
        for (written, meant) in [
            ("nmae", "name"),
            ("Name", "name"),
            ("scope", "scopes"),
            ("grant-type", "grant_types"),
            ("STATUS", "status"),
        ] {
            assert_eq!(nearest(written, KEYS.into_iter()), Some(meant), "{written}");
        }
    }

    #[test]
    fn a_different_word_gets_the_list_of_known_names() {
        assert_eq!(
            instead("hook", &KEYS),
            r#"write one of "name", "scopes", "status", "grant_types""#
        );
        assert_eq!(instead("hook", &["name"]), r#"write "name""#);
        assert_eq!(instead("hook", &[]), "there is none");
        assert_eq!(instead(&"x".repeat(1000), &["name"]), r#"write "name""#);
    }

    #[test]
    fn the_first_words_of_one_name_suggest_it() {
        let known = ["pkce_required", "redirect_uris", "private_key_jwt"];
        assert_eq!(instead("pkce", &known), r#"write "pkce_required""#);
        assert_eq!(instead("private_key", &known), r#"write "private_key_jwt""#);
        let two = ["client_secret_basic", "client_secret_post"];
        assert_eq!(
            instead("client_secret", &two),
            r#"write one of "client_secret_basic", "client_secret_post""#
        );
    }

    #[test]
    fn only_the_first_12_names_are_listed() {
        let many: Vec<String> = (0..100).map(|n| format!("name-{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let shown = instead("zzz", &many);
        assert!(shown.ends_with(r#""name-11", …"#), "{shown}");
        assert!(instead("zzz", &many[..12]).ends_with(r#""name-11""#));
    }

    #[test]
    fn a_quoted_input_is_on_one_line() {
        assert_eq!(Quoted("a\nb\"").to_string(), r#""a\nb\"""#);
        assert_eq!(Quoted(&"é".repeat(61)).to_string(), format!("\"{}…\"", "é".repeat(60)));
    }
}
