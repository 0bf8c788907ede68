//! Expressions and regular expressions. A mistake is reported at its place inside of the string.

use crate::expression::{Expression, Pattern, Wanted};
use crate::toml_reader::Text;

/// Reads an expression.
pub(super) fn read(text: Text<'_>, wanted: Wanted) -> Option<Expression> {
    Expression::parse(text.text, wanted)
        .map_err(|error| text.refuse_inside(error.at(), format_args!("{}", error.message())))
        .ok()
}

/// Reads a regular expression.
pub(super) fn read_pattern(text: Text<'_>) -> Option<Pattern> {
    let pattern = Pattern::parse(text.text);
    pattern.map_err(|error| text.refuse_inside(error.at(), format_args!("{error}"))).ok()
}
