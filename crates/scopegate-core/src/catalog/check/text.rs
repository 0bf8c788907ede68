//! Rules for texts.

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

/// Refuses a text with more than `most` characters.
pub(crate) fn length(text: &str, most: usize) -> Result<(), String> {
    match text.chars().nth(most) {
        None => Ok(()),
        Some(_) => Err(format!("the text is too long: write at most {most} characters")),
    }
}
