//! Names that may occur once.

use std::collections::HashMap;

use crate::spelling::Quoted;
use crate::toml_reader::Text;

/// The names that occurred, and where each occurred first.
#[derive(Default)]
pub(super) struct Seen<'f> {
    names: HashMap<&'f str, usize>,
}

impl<'f> Seen<'f> {
    /// Notes a name; the second time it is a problem.
    pub(super) fn once(&mut self, what: &str, name: Text<'f>) {
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
