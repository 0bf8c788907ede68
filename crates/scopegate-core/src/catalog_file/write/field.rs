//! A key of an entity with its value.

use serde::Serialize;
use serde_json::Value;

/// A key of an entity with its value, as in a catalog file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// The value. It contains no secret.
    pub value: Value,
    /// How the value is written.
    pub usage: Use,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Use {
    /// It is written.
    Written,
    /// It is the default, which is left out.
    Default,
    /// It is not a key: the position of the entity among its siblings.
    Position,
    /// It is not a key: commands change it, and a catalog file neither has it nor changes it.
    Stored,
    /// No catalog file can write it.
    Unwritable,
    /// It stands for a secret. A plan only says that it changes.
    Secret,
}

/// The fields of an entity, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<Field>);

impl Fields {
    pub(super) fn into_vec(self) -> Vec<Field> {
        self.0
    }

    /// Adds a key that is always written.
    #[must_use]
    pub(super) fn with(self, name: &'static str, value: impl Serialize) -> Self {
        self.add(name, to_json(value), Use::Written)
    }

    /// Adds a key that is left out if it has its default.
    #[must_use]
    pub(super) fn unless<T: Serialize + PartialEq>(
        self,
        default: &T,
        name: &'static str,
        value: &T,
    ) -> Self {
        let usage = if value == default { Use::Default } else { Use::Written };
        self.add(name, to_json(value), usage)
    }

    /// Adds a key that is left out if the list or the table is empty.
    #[must_use]
    pub(super) fn unless_empty(self, name: &'static str, value: impl Serialize) -> Self {
        let value = to_json(value);
        let is_empty = match &value {
            Value::Array(entries) => entries.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            _ => false,
        };
        self.add(name, value, if is_empty { Use::Default } else { Use::Written })
    }

    /// Adds a key that is left out if there is no value.
    #[must_use]
    pub(super) fn if_some(self, name: &'static str, value: Option<impl Serialize>) -> Self {
        let usage = if value.is_some() { Use::Written } else { Use::Default };
        self.add(name, to_json(value), usage)
    }

    /// Adds a value with its use.
    #[must_use]
    pub(super) fn add(mut self, name: &'static str, value: Value, usage: Use) -> Self {
        self.0.push(Field { name, value, usage });
        self
    }
}

fn to_json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("a spec has text keys only")
}

/// The name of a value in a table of the reader.
pub(super) fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    let named = names.iter().find(|(_, named)| named == value);
    named.map(|(name, _)| *name).expect("the reader has a name for each value")
}
