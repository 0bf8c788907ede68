//! The position of a part of an entity in its file.

use toml::de::{DeArray, DeTable, DeValue};

use crate::catalog::{Field, Step};
use crate::toml_reader::Table;

/// The byte offset of a part of an entity. If the part is not in the file, the offset of the nearest part
/// around it.
pub(super) fn of(table: Table<'_>, field: &Field) -> usize {
    let (mut at, mut part) = (table.at(), Part::Table(table.parts()));
    for step in field.steps() {
        let found = match (part, step) {
            (Part::Table(table), Step::Key(key)) => table.get(*key),
            (Part::Table(table), Step::Name(name)) => {
                let found = table.keys().find(|key| key.get_ref() == name);
                return found.map_or(at, |key| key.span().start);
            }
            (Part::List(entries), Step::At(place)) => entries.get(*place),
            (Part::List(entries), Step::Entry(text)) => {
                entries.iter().find(|entry| entry.get_ref().as_str() == Some(text))
            }
            (_, _) => None,
        };
        let Some(found) = found else { return at };
        at = found.span().start;
        part = Part::of(found.get_ref());
    }
    at
}

/// A value that has parts.
#[derive(Clone, Copy)]
enum Part<'f> {
    List(&'f DeArray<'f>),
    None,
    Table(&'f DeTable<'f>),
}

impl<'f> Part<'f> {
    fn of(value: &'f DeValue<'f>) -> Self {
        match value {
            DeValue::Array(entries) => Self::List(entries),
            DeValue::Table(table) => Self::Table(table),
            _ => Self::None,
        }
    }
}
