//! The types of values, and what is known about the type of a part before it is evaluated.

use std::fmt;

/// The types that a value may have. Values of attributes may have any type.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Types(u16);

const NAMES: [(Types, &str); 9] = [
    (Types::NULL, "null"),
    (Types::BOOLEAN, "a boolean"),
    (Types::INTEGER, "an integer"),
    (Types::FLOAT, "a float"),
    (Types::TEXT, "a text"),
    (Types::LIST, "a list"),
    (Types::MAP, "a map"),
    (Types::TIME, "a time"),
    (Types::DURATION, "a duration"),
];

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const INTEGER: Self = Self(1 << 2);
    pub(super) const FLOAT: Self = Self(1 << 3);
    pub(super) const TEXT: Self = Self(1 << 4);
    pub(super) const LIST: Self = Self(1 << 5);
    pub(super) const MAP: Self = Self(1 << 6);
    pub(super) const TIME: Self = Self(1 << 7);
    pub(super) const DURATION: Self = Self(1 << 8);
    pub(super) const ANY: Self = Self((1 << 9) - 1);
    pub(super) const NUMBER: Self = Self::INTEGER.or(Self::FLOAT);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Tells whether a value of these types may be of one of the other types.
    pub(super) const fn may_be(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("any value");
        }
        let mut names = NAMES.iter().filter(|(types, _)| self.may_be(*types));
        if let Some((_, first)) = names.next() {
            f.write_str(first)?;
        }
        names.try_for_each(|(_, name)| write!(f, " or {name}"))
    }
}
