//! A string that may be a part of a larger, shared string.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A string, or a part of a larger string that several values share.
#[derive(Clone, Default)]
pub(crate) struct Part {
    whole: Arc<str>,
    span: Span,
}

/// A position in a string, in bytes. It cannot exceed 4 GiB; a position past the end reads as
/// empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) fn between(start: usize, end: usize) -> Self {
        let [start, end] = [start, end].map(|place| u32::try_from(place).unwrap_or(u32::MAX));
        Self { start, end }
    }

    /// The part of a string at this position; empty if the string is too short.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The position `distance` bytes earlier; `None` if it would be before the start.
    pub(crate) fn shifted_back(self, distance: usize) -> Option<Self> {
        let distance = u32::try_from(distance).ok()?;
        let start = self.start.checked_sub(distance)?;
        Some(Self { start, end: self.end.saturating_sub(distance) })
    }

    /// The part of a string at this position, which shares the string.
    pub(crate) fn share(self, text: &Arc<str>) -> Part {
        Part { whole: Arc::clone(text), span: self }
    }

    /// Appends a part to a string and returns its position.
    pub(crate) fn push(text: &mut String, part: &str) -> Self {
        let start = text.len();
        text.push_str(part);
        Self::between(start, text.len())
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self { whole: text.into(), span: Span::between(0, text.len()) }
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        self.span.of(&self.whole)
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
