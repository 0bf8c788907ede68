//! The path to a part of an entity.

use std::fmt;

/// A path to a part of an entity, with the names of a catalog file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Field(Vec<Step>);

/// A step of a [`Field`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "code that shows a fault must handle each step")]
pub enum Step {
    /// The entry of a list at an index, from 0.
    At(usize),
    /// The entry of a list with this text.
    Entry(String),
    /// The value of a key.
    Key(&'static str),
    /// The name of a key, for a key that the administrator chooses.
    Name(String),
}

impl Field {
    /// The whole entity.
    pub fn whole() -> Self {
        Self::default()
    }

    /// The value of a key.
    pub fn of(key: &'static str) -> Self {
        Self::whole().key(key)
    }

    /// The value of a key in this field.
    #[must_use]
    pub fn key(self, key: &'static str) -> Self {
        self.step(Step::Key(key))
    }

    /// The entry of this list at an index, from 0.
    #[must_use]
    pub fn at(self, place: usize) -> Self {
        self.step(Step::At(place))
    }

    /// The entry of this list with this text.
    #[must_use]
    pub fn entry(self, text: &str) -> Self {
        self.step(Step::Entry(text.to_owned()))
    }

    /// The name of a key in this field.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.step(Step::Name(name.to_owned()))
    }

    fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The steps, starting at the entity.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The key of the entity that this field is, or is inside of.
    pub fn first_key(&self) -> Option<&'static str> {
        match self.0.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Tells whether this is the whole entity.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

/// On one line, such as `audiences[0].name`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            match step {
                Step::At(place) => write!(f, "[{place}]")?,
                Step::Entry(text) => write!(f, "[{text:?}]")?,
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Name(name) => write!(f, "{dot}{name:?}")?,
            }
        }
        Ok(())
    }
}
