//! What was wanted and what a token has instead.

use std::fmt;

/// The maximum length of a shown text, in characters.
const MAX_SHOWN: usize = 256;

/// What the rules want and what a token has instead. It is for the log, not for the client.
///
/// The texts come from a token, so each is cut after 256 characters, and control characters are
/// escaped.
///
/// ```
/// use scopegate_jose::Mismatch;
///
/// let mismatch = Mismatch::new("api://orders", "api://stock\n");
/// assert_eq!(mismatch.to_string(), r"wanted `api://orders`, found `api://stock\n`");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    wanted: Box<str>,
    found: Box<str>,
}

impl Mismatch {
    /// Two texts to show.
    pub fn new(wanted: &str, found: &str) -> Self {
        Self { wanted: shown(wanted), found: shown(found) }
    }

    /// What the rules want. Alternatives are separated by a comma.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// What the token has instead. The text is empty if the token has nothing there.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wanted `{}`, found ", self.wanted)?;
        match &*self.found {
            "" => f.write_str("nothing"),
            found => write!(f, "`{found}`"),
        }
    }
}

/// The text with control characters escaped, and cut if it is too long.
pub(crate) fn shown(text: &str) -> Box<str> {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == MAX_SHOWN {
            shown.push('…');
            break;
        }
        match character {
            // `escape_debug` escapes quotes, too, which is not needed here.
            '\'' | '"' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_text_is_at_most_256_characters_of_the_input() {
        let longest = "é".repeat(256);
        assert_eq!(*shown(&longest), longest);
        assert_eq!(*shown(&format!("{longest}x")), format!("{longest}…"));
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), 257);
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(&*shown("a\r\nb\0\u{1b}[1m\u{202e}\\"), r"a\r\nb\0\u{1b}[1m\u{202e}\\");
        assert_eq!(&*shown("it's \"é\""), "it's \"é\"");
    }

    #[test]
    fn an_absent_value_is_shown_as_nothing() {
        assert_eq!(Mismatch::new("a, b", "").to_string(), "wanted `a, b`, found nothing");
    }
}
