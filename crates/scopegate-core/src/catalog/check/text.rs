//! Rules for texts.

use std::sync::LazyLock;

use regex::Regex;

use crate::spelling::Quoted;

/// Refuses a display name that is blank, not on one line, or longer than `most` characters.
pub(crate) fn label(text: &str, most: usize) -> Result<(), String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(format!(
            "{} is no name: write 1 to {most} characters on one line",
            Quoted(text)
        ));
    }
    length(text, most)
}

/// The format characters of Unicode. They are invisible, or turn the direction of the text: a name that holds one looks
/// like another name on a terminal.
static FORMAT_CHARACTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\p{Cf}").expect("the pattern is constant and valid"));

/// Refuses a text with more than `most` characters, or with an invisible one.
pub(crate) fn length(text: &str, most: usize) -> Result<(), String> {
    if let Some(found) = FORMAT_CHARACTER.find(text) {
        let code = found.as_str().chars().map(u32::from).next().unwrap_or_default();
        return Err(format!("the text holds the invisible character U+{code:04X}: remove it"));
    }
    match text.chars().nth(most) {
        None => Ok(()),
        Some(_) => Err(format!("the text is too long: write at most {most} characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_and_direction_characters_are_refused_in_names_and_texts() {
        for found in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200f}', '\u{feff}', '\u{ad}'] {
            let text = format!("pay{found}roll");
            let told = format!("U+{:04X}: remove it", u32::from(found));
            assert!(label(&text, 100).unwrap_err().ends_with(&told), "{told}");
            assert!(length(&text, 100).unwrap_err().ends_with(&told), "{told}");
        }
        for text in ["payroll", "Löhne & Gehälter", "給与", "رواتب"] {
            assert_eq!((label(text, 100), length(text, 100)), (Ok(()), Ok(())), "{text}");
        }
    }
}
