//! Which keys a table has.

/// What a table describes and the keys it may have.
#[derive(Debug)]
pub(super) struct Shape {
    /// What it describes, with its article.
    pub(super) what: &'static str,
    /// The keys that are read.
    pub(super) keys: &'static [&'static str],
    /// The keys that the format knows and that are not supported yet.
    pub(super) later: &'static [&'static str],
    /// Keys that one may expect, and what to do instead.
    pub(super) instead: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// A table without keys, to fill up the others.
    pub(super) const NONE: Self = Self { what: "", keys: &[], later: &[], instead: &[] };
}
