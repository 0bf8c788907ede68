//! A string of a JSON document that is read without a copy where that is possible.

use std::borrow::Cow;

use serde::Deserialize;

/// A JSON string, borrowed from the document unless it contains escapes.
///
/// serde reads a bare `Cow` always as an owned string.
#[derive(Deserialize, Eq, Hash, PartialEq)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl From<Text<'_>> for Box<str> {
    fn from(Text(text): Text<'_>) -> Self {
        text.into()
    }
}
