//! Which part of an entity is meant.

use std::fmt;

/// A path to a part of an entity, with the names that a catalog file has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Field(Vec<Step>);

/// A step of such a path.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever shows a fault has to follow each step")]
pub enum Step {
    /// The entry of a list at a place, from 0.
    At(usize),
    /// The entry of a list with this text.
    Entry(String),
    /// The value of a key.
    Key(&'static str),
    /// The name itself of a key that is not fixed.
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

    /// The value of a key in it.
    #[must_use]
    pub fn key(self, key: &'static str) -> Self {
        self.step(Step::Key(key))
    }

    /// The entry of the list at a place, from 0.
    #[must_use]
    pub fn at(self, place: usize) -> Self {
        self.step(Step::At(place))
    }

    /// The entry of the list with this text.
    #[must_use]
    pub fn entry(self, text: &str) -> Self {
        self.step(Step::Entry(text.to_owned()))
    }

    /// The name of one of its keys.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.step(Step::Name(name.to_owned()))
    }

    fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The steps, from the entity on.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The key of the entity that the field is, or is in.
    pub fn first_key(&self) -> Option<&'static str> {
        match self.0.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Tells whether the whole entity is meant.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }
}

/// As in `audiences[0].name`, on one line.
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
