//! Which keys a table has.

/// What a table describes and the keys it may have.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it describes, with its article.
    pub(crate) what: &'static str,
    /// The keys that are read.
    pub(crate) keys: &'static [&'static str],
    /// The keys that the format knows and that are not supported yet.
    pub(crate) later: &'static [&'static str],
    /// Keys that one may expect, and what to do instead.
    pub(crate) instead: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// A table without keys, to fill up the others.
    pub(crate) const NONE: Self = Self { what: "", keys: &[], later: &[], instead: &[] };
}
