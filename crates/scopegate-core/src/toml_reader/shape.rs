//! The keys that a table may have.

/// The kind of a table and the keys that it may have.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What the table describes, with its article, for messages.
    pub(crate) what: &'static str,
    /// The keys that are read.
    pub(crate) keys: &'static [&'static str],
    /// Keys of the file format that are not supported yet.
    pub(crate) later: &'static [&'static str],
    /// Unknown keys that somebody may expect, and what to do instead.
    pub(crate) instead: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// A table without keys, as the base for other shapes.
    pub(crate) const NONE: Self = Self { what: "", keys: &[], later: &[], instead: &[] };
}
