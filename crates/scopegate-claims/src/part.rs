//! A text that may be a part of another, which it shares.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text, or a part of one that others share.
#[derive(Clone, Default)]
pub(crate) struct Part {
    whole: Arc<str>,
    span: Span,
}

/// A place in a text. Beyond 4 GiB there is none: what is said to be there is empty.
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

    /// What stands there in a text; empty if it is too short.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The same place as seen from so far behind.
    pub(crate) fn beyond(self, distance: usize) -> Option<Self> {
        let distance = u32::try_from(distance).ok()?;
        let start = self.start.checked_sub(distance)?;
        Some(Self { start, end: self.end.saturating_sub(distance) })
    }

    /// The part itself, which shares the text.
    pub(crate) fn share(self, text: &Arc<str>) -> Part {
        Part { whole: Arc::clone(text), span: self }
    }

    /// Adds a part to a text.
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
