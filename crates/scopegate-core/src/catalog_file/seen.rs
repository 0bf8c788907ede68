//! Finds duplicate names.

use std::collections::HashMap;

use crate::spelling::Quoted;
use crate::toml_reader::Text;

/// The names so far, and the position of the first occurrence of each.
#[derive(Default)]
pub(super) struct Seen<'f> {
    names: HashMap<&'f str, usize>,
}

impl<'f> Seen<'f> {
    /// Adds a name. If it was already added, a problem is reported.
    pub(super) fn add(&mut self, what: &str, name: Text<'f>) {
        match self.names.get(name.text) {
            None => {
                self.names.insert(name.text, name.at);
            }
            Some(&first) => {
                let shown = Quoted(name.text);
                name.problems.refuse_repeated(
                    name.at,
                    first,
                    format_args!("duplicate {what} {shown}: write another or leave it out"),
                );
            }
        }
    }
}
