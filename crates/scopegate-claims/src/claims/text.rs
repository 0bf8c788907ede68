//! The texts of claims, kept as places in one text.
//!
//! A verified token keeps its payload anyway, for the claims that a service adds; the texts of the
//! common claims are parts of it. Only what the payload writes with escapes is copied.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use crate::part::Part;

/// A part of the text of some claims.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The part itself, which shares the text.
    pub(super) fn share(self, text: &Arc<str>) -> Part {
        Part::of(text, self.start, self.end)
    }

    /// Adds a part to a text.
    pub(super) fn push(text: &mut String, part: &str) -> Self {
        let start = text.len();
        text.push_str(part);
        Self { start, end: text.len() }
    }
}

/// Where the texts of claims are while they are read.
pub(super) struct Source<'de> {
    /// What is read.
    pub(super) text: &'de str,
    /// What is not found there as it is. It will stand behind it.
    pub(super) copied: String,
}

impl<'de> Source<'de> {
    pub(super) fn get(&self, span: Span) -> &str {
        match span.start.checked_sub(self.text.len()) {
            None => span.of(self.text),
            Some(start) => {
                Span { start, end: span.end.saturating_sub(self.text.len()) }.of(&self.copied)
            }
        }
    }

    pub(super) fn borrow(&mut self, part: &'de str) -> Span {
        let start = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        let span = Span { start, end: start.wrapping_add(part.len()) };
        // Compared, because a deserializer may borrow from somewhere else.
        if span.of(self.text) == part { span } else { self.copy(part) }
    }

    fn copy(&mut self, part: &str) -> Span {
        let start = self.text.len() + self.copied.len();
        self.copied.push_str(part);
        Span { start, end: start + part.len() }
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
