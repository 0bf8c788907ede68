//! The texts of claims, kept as places in one text.
//!
//! While claims are read, their texts are parts of what they are read from. What remains of it are those
//! parts: one text, one allocation, however many claims there are.

use std::fmt;
use std::sync::Arc;

use arrayvec::ArrayString;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use crate::part::Span;

/// The texts of most tokens are no longer.
const ON_STACK: usize = 512;

/// Where the texts of claims are while they are read.
pub(super) struct Source<'de> {
    /// What is read.
    pub(super) text: &'de str,
    /// What is not found there as it is. It will stand behind it.
    pub(super) copied: String,
}

impl<'de> Source<'de> {
    pub(super) fn get(&self, span: Span) -> &str {
        match span.beyond(self.text.len()) {
            None => span.of(self.text),
            Some(span) => span.of(&self.copied),
        }
    }

    /// The texts at these places, one behind another; the places become those in the new text.
    pub(super) fn gather<'s>(&self, spans: impl Iterator<Item = &'s mut Span>) -> Arc<str> {
        // Nearly always there is room on the stack, so that the text is allocated once.
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
        // Compared, because a deserializer may borrow from somewhere else.
        if span.of(self.text) == part { span } else { self.copy(part) }
    }

    fn copy(&mut self, part: &str) -> Span {
        let start = self.text.len() + self.copied.len();
        self.copied.push_str(part);
        Span::between(start, start + part.len())
    }
}

/// Reads a text as a part of its source.
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
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Span, E> {
        Ok(self.0.borrow(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        Ok(self.0.copy(text))
    }
}
