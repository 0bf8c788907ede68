//! Values and tables of a file with their positions.
//!
//! A function that finds a problem reports it and returns `None`, so that the caller can continue and find
//! further problems.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::problem::Problems;
use super::shape::Shape;
use crate::spelling::{Instead, Quoted, nearest};

/// A value with its key and its position.
#[derive(Clone, Copy)]
pub(crate) struct Node<'f> {
    value: &'f DeValue<'f>,
    name: Name<'f>,
    at: usize,
    problems: &'f Problems,
}

/// The name of a value in messages.
#[derive(Clone, Copy)]
enum Name<'f> {
    /// The value of a key.
    Key(&'f str),
    /// An entry of the list under a key.
    EntryOf(&'f str),
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => Quoted(key).fmt(f),
            Self::EntryOf(key) => write!(f, "an entry of {}", Quoted(key)),
        }
    }
}

impl<'f> Node<'f> {
    /// Reports a problem with this value.
    pub(crate) fn refuse(self, message: fmt::Arguments<'_>) {
        self.problems.refuse(self.at, message);
    }

    /// The value itself.
    pub(crate) fn value(self) -> &'f DeValue<'f> {
        self.value
    }

    /// A string.
    pub(crate) fn text(self) -> Option<Text<'f>> {
        match self.value {
            DeValue::String(text) => Some(Text { text, at: self.at, problems: self.problems }),
            _ => self.refuse_type("a text in quotes"),
        }
    }

    /// True or false.
    pub(crate) fn boolean(self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => self.refuse_type("true or false"),
        }
    }

    /// An integer of at least 1.
    pub(crate) fn positive(self) -> Option<u64> {
        self.number(1)
    }

    /// An integer of at least 0.
    pub(crate) fn whole(self) -> Option<u64> {
        self.number(0)
    }

    fn number(self, least: u64) -> Option<u64> {
        let DeValue::Integer(number) = self.value else {
            return self.refuse_type("a whole number");
        };
        match i64::from_str_radix(number.as_str(), number.radix()).map(u64::try_from) {
            Ok(Ok(number)) if number >= least => Some(number),
            _ => {
                let (name, most) = (self.name, i64::MAX);
                self.refuse(format_args!("{name} is out of range: write {least} to {most}"));
                None
            }
        }
    }

    /// The entries of a list.
    pub(crate) fn list(self) -> Option<impl ExactSizeIterator<Item = Self>> {
        let DeValue::Array(entries) = self.value else {
            return self.refuse_type("a list in brackets");
        };
        let name = match self.name {
            Name::Key(key) | Name::EntryOf(key) => Name::EntryOf(key),
        };
        let Self { problems, .. } = self;
        let entry = move |(value, at)| Self { value, name, at, problems };
        Some(entries.iter().map(|entry| (entry.get_ref(), entry.span().start)).map(entry))
    }

    /// The strings in a list. Other entries are reported and left out.
    pub(crate) fn texts(self) -> Option<Vec<Text<'f>>> {
        Some(self.list()?.filter_map(Self::text).collect())
    }

    /// A table with this shape.
    pub(crate) fn table(self, shape: &'static Shape) -> Option<Table<'f>> {
        match self.value {
            DeValue::Table(entries) => Some(Table::new(entries, shape, self.at, self.problems)),
            _ => self.refuse_type("a table in braces"),
        }
    }

    /// The keys and values of a table in which any key is allowed.
    pub(crate) fn entries(self) -> Option<impl Iterator<Item = (Text<'f>, Self)>> {
        let DeValue::Table(entries) = self.value else {
            return self.refuse_type("a table in braces");
        };
        let Self { problems, .. } = self;
        Some(entries.iter().map(move |(key, value)| {
            let text = key.get_ref().as_ref();
            let (at, name) = (value.span().start, Name::Key(text));
            let key = Text { text, at: key.span().start, problems };
            (key, Self { value: value.get_ref(), name, at, problems })
        }))
    }

    fn refuse_type<T>(self, expected: &str) -> Option<T> {
        let found = found(self.value);
        self.refuse(format_args!("{} must be {expected}, not {found}", self.name));
        None
    }

    /// Tells whether the value is an empty list, which has no effect.
    pub(crate) fn is_empty_list(self) -> bool {
        matches!(self.value, DeValue::Array(entries) if entries.is_empty())
    }
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A string with its position.
#[derive(Clone, Copy)]
pub(crate) struct Text<'f> {
    pub(crate) text: &'f str,
    pub(crate) at: usize,
    pub(crate) problems: &'f Problems,
}

impl<'f> Text<'f> {
    /// Reports a problem with this string.
    pub(crate) fn refuse(self, message: fmt::Arguments<'_>) {
        self.problems.refuse(self.at, message);
    }

    /// Reports a problem inside of this string, at a byte offset of its value.
    pub(crate) fn refuse_inside(self, inside: usize, message: fmt::Arguments<'_>) {
        self.problems.refuse_inside(self.at, inside, message);
    }

    /// Parses the string with `rule`. The error of the rule is reported.
    pub(crate) fn parse<T, E: fmt::Display>(
        self,
        rule: impl FnOnce(&'f str) -> Result<T, E>,
    ) -> Option<T> {
        rule(self.text).map_err(|problem| self.refuse(format_args!("{problem}"))).ok()
    }

    /// The value with this name.
    pub(crate) fn one_of<T: Copy>(self, what: &str, values: &[(&str, T)]) -> Option<T> {
        let found = values.iter().find(|(name, _)| *name == self.text).map(|(_, value)| *value);
        if found.is_none() {
            let known = values.iter().map(|(name, _)| *name);
            let instead = Instead { of: self.text, known };
            self.refuse(format_args!("unknown {what} {}: {instead}", Quoted(self.text)));
        }
        found
    }
}

/// A table with a fixed set of keys.
#[derive(Clone, Copy)]
pub(crate) struct Table<'f> {
    entries: &'f DeTable<'f>,
    shape: &'static Shape,
    at: usize,
    problems: &'f Problems,
}

impl<'f> Table<'f> {
    /// The top-level table of the file.
    pub(crate) fn root(
        entries: &'f DeTable<'f>,
        shape: &'static Shape,
        problems: &'f Problems,
    ) -> Self {
        Self::new(entries, shape, 0, problems)
    }

    fn new(
        entries: &'f DeTable<'f>,
        shape: &'static Shape,
        at: usize,
        problems: &'f Problems,
    ) -> Self {
        let table = Self { entries, shape, at, problems };
        table.refuse_other_keys();
        table
    }

    fn refuse_other_keys(self) {
        let Shape { keys, later, instead, .. } = self.shape;
        for (key, value) in self.entries {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            let shown = Quoted(key);
            if keys.contains(&key) {
                continue;
            }
            if later.contains(&key) {
                if !self.node(key, value).is_empty_list() {
                    let message = format_args!("{shown} is not supported yet: leave it out");
                    self.problems.refuse(at, message);
                }
            } else if let Some((_, advice)) = instead.iter().find(|(name, _)| *name == key) {
                self.problems.refuse(at, format_args!("unknown key {shown}: {advice}"));
            } else {
                let known = keys.iter().copied();
                let instead = Instead { of: key, known };
                self.problems.refuse(at, format_args!("unknown key {shown}: {instead}"));
            }
        }
    }

    fn node(self, key: &'f str, value: &'f toml::Spanned<DeValue<'f>>) -> Node<'f> {
        Node {
            value: value.get_ref(),
            name: Name::Key(key),
            at: value.span().start,
            problems: self.problems,
        }
    }

    /// Reports a problem with the whole table.
    pub(crate) fn refuse(self, message: fmt::Arguments<'_>) {
        self.problems.refuse(self.at, message);
    }

    /// The value of an optional key.
    pub(crate) fn optional(self, key: &'static str) -> Option<Node<'f>> {
        self.entries.get(key).map(|value| self.node(key, value))
    }

    /// The value of a required key.
    pub(crate) fn required(self, key: &'static str) -> Option<Node<'f>> {
        let found = self.optional(key);
        if found.is_none() {
            self.refuse_missing(key, self.shape.what);
        }
        found
    }

    /// Reports that a key is missing, unless it is misspelt, which is reported already.
    fn refuse_missing(self, key: &'static str, needed_by: &str) {
        if !self.is_misspelt(key) {
            self.refuse(format_args!("missing key {key:?}: {needed_by} needs it"));
        }
    }

    /// Tells whether the table has an unknown key that is probably a misspelling of this one.
    pub(crate) fn is_misspelt(self, key: &str) -> bool {
        let keys = self.shape.keys;
        let is_meant = |written: &str| {
            !keys.contains(&written) && nearest(written, keys.iter().copied()) == Some(key)
        };
        self.entries.keys().any(|written| is_meant(written.get_ref()))
    }

    /// Tells whether the table has an unknown key, which is reported already.
    pub(crate) fn has_unknown_key(self) -> bool {
        self.entries.keys().any(|written| !self.shape.keys.contains(&written.get_ref().as_ref()))
    }

    /// The byte range of the value of a key, if the table has the key.
    pub(crate) fn range_of(self, key: &str) -> Option<Range<usize>> {
        self.entries.get(key).map(toml::Spanned::span)
    }

    /// The byte offset of the table.
    pub(crate) fn at(self) -> usize {
        self.at
    }

    /// The keys and values of the table.
    pub(crate) fn parts(self) -> &'f DeTable<'f> {
        self.entries
    }

    /// A required string.
    pub(crate) fn required_text(self, key: &'static str) -> Option<Text<'f>> {
        self.required(key)?.text()
    }

    /// An optional string. A value of another type is reported, and counts as missing.
    pub(crate) fn optional_text(self, key: &'static str) -> Option<Text<'f>> {
        self.optional(key)?.text()
    }

    /// The string of a key, without reporting any problem. For a key that is also read elsewhere.
    pub(crate) fn text_if_written(self, key: &'static str) -> Option<Text<'f>> {
        self.optional(key).filter(|node| node.value.is_str())?.text()
    }

    /// The tables of an array of tables, such as `[[server]]`.
    pub(crate) fn tables(
        self,
        key: &'static str,
        header: &str,
        shape: &'static Shape,
    ) -> Vec<Self> {
        let Some(node) = self.optional(key) else { return Vec::new() };
        let DeValue::Array(_) = node.value else {
            let found = found(node.value);
            node.refuse(format_args!("{key:?} must be a list, not {found}: write {header}"));
            return Vec::new();
        };
        node.list().into_iter().flatten().filter_map(|entry| entry.table(shape)).collect()
    }
}
