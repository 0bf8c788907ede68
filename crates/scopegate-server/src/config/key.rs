//! One thing that can be set.

use super::draft::Draft;
use super::form::Form;
use super::problem::{Complaint, Problems};
use super::setting::Setting;

/// One thing that can be set.
#[derive(Debug)]
pub struct Key {
    pub(super) path: &'static str,
    pub(super) meaning: &'static str,
    pub(super) default: &'static str,
    pub(super) form: Form,
    pub(super) set: fn(&mut Draft, &Setting<'_>) -> Result<(), Complaint>,
}

impl Key {
    /// The names of all variables begin with this.
    pub(super) const PREFIX: &'static str = "SCOPEGATE__";

    /// Its path in the file, such as `store.url`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What it sets, in words for the help text.
    pub fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// The value if it is not set, in words for the help text.
    pub fn default(&self) -> &'static str {
        self.default
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{}{}", Self::PREFIX, self.path.replace('.', "__").to_ascii_uppercase())
    }

    /// Writes a value into the draft, with its place, or adds to the problems what is wrong with it.
    pub(super) fn apply(&self, setting: &Setting<'_>, draft: &mut Draft, problems: &mut Problems) {
        match (self.set)(draft, setting) {
            Ok(()) => draft.was_set_at(self.path, setting.place.clone()),
            Err(complaint) => problems.add(complaint),
        }
    }
}
