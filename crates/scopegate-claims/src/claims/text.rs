//! The strings of claims, stored as positions in one string.
//!
//! While claims are read, their strings are positions in the source. At the end they are copied
//! into one new string, so the number of claims does not change the number of allocations: it is
//! one.

use std::fmt;
use std::sync::Arc;

use arrayvec::ArrayString;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use crate::part::Span;

/// The strings of most tokens fit in this many bytes.
const ON_STACK: usize = 512;

/// Where the strings of claims are stored while they are read.
pub(super) struct Source<'de> {
    /// The payload.
    pub(super) text: &'de str,
    /// Strings that cannot be borrowed from the payload because they contain escapes. A [`Span`]
    /// that starts after the end of `text` is a position in this string.
    pub(super) copied: String,
}

impl<'de> Source<'de> {
    pub(super) fn get(&self, span: Span) -> &str {
        match span.shifted_back(self.text.len()) {
            None => span.of(self.text),
            Some(span) => span.of(&self.copied),
        }
    }

    /// Concatenates the strings at these positions, and updates the positions to the new string.
    pub(super) fn gather<'s>(&self, spans: impl Iterator<Item = &'s mut Span>) -> Arc<str> {
        // Nearly always the strings fit on the stack, so the result is the only allocation.
        let mut few = ArrayString::<ON_STACK>::new();
        let mut many = String::new();
        let mut len = 0;
        for span in spans {
            let part = self.get(*span);
            *span = Span::between(len, len + part.len());
            len += part.len();
            if many.is_empty() && few.try_push_str(part).is_ok() {
                continue;
            }
            if many.is_empty() {
                many.push_str(&few);
            }
            many.push_str(part);
        }
        if many.is_empty() { Arc::from(&*few) } else { many.into() }
    }

    pub(super) fn borrow(&mut self, part: &'de str) -> Span {
        let start = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        let span = Span::between(start, start.wrapping_add(part.len()));
        // A deserializer might borrow from another string, so the position is checked.
        if span.of(self.text) == part { span } else { self.copy(part) }
    }

    fn copy(&mut self, part: &str) -> Span {
        let start = self.text.len() + self.copied.len();
        self.copied.push_str(part);
        Span::between(start, start + part.len())
    }
}

/// Reads a string as a position in its source.
pub(super) struct SpanIn<'a, 'de>(pub(super) &'a mut Source<'de>);

impl<'de> DeserializeSeed<'de> for SpanIn<'_, 'de> {
    type Value = Span;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for SpanIn<'_, 'de> {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Span, E> {
        Ok(self.0.borrow(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        Ok(self.0.copy(text))
    }
}
