//! Names that may occur once.

use std::collections::HashMap;

use super::reader::Text;
use crate::spelling::Quoted;

/// The names that occurred, and where each occurred first.
#[derive(Default)]
pub(super) struct Seen<'f> {
    names: HashMap<&'f str, usize>,
    /// In the order of the file, for suggestions.
    order: Vec<&'f str>,
}

impl<'f> Seen<'f> {
    /// Notes a name; the second time it is a problem.
    pub(super) fn once(&mut self, what: &str, name: Text<'f>) {
        match self.names.get(name.text) {
            None => {
                self.names.insert(name.text, name.at);
                self.order.push(name.text);
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

    /// Tells whether a name occurred.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The names in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &'f str> + Clone + '_ {
        self.order.iter().copied()
    }
}
