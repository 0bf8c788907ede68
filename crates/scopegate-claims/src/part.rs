//! A text that may be a part of another, which it shares.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text, or a part of one that others share.
#[derive(Clone, Default)]
pub(crate) struct Part {
    whole: Arc<str>,
    start: usize,
    end: usize,
}

impl Part {
    /// The part between these places; empty if there is none.
    pub(crate) fn of(whole: &Arc<str>, start: usize, end: usize) -> Self {
        match whole.get(start..end) {
            Some(_) => Self { whole: Arc::clone(whole), start, end },
            None => Self::default(),
        }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self { whole: text.into(), start: 0, end: text.len() }
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        self.whole.get(self.start..self.end).unwrap_or_default()
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
