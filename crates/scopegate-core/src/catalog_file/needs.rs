//! What a key of the format needs of the server: it is read once that is there, and refused before.

use crate::endpoints;
use crate::grants;

/// Something that a key is of no use without.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    /// An endpoint.
    Endpoint(&'static str),
    /// A grant type.
    Grant(&'static str),
    /// Some grant in which a person takes part.
    Person,
}

impl Needs {
    /// Tells whether the server has it.
    pub(super) fn is_there(self) -> bool {
        match self {
            Self::Endpoint(name) => endpoints::has(name),
            Self::Grant(name) => grants::grant(name).is_some(),
            Self::Person => grants::with_person().next().is_some(),
        }
    }
}
