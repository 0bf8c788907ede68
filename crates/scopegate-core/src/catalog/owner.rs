//! The owner of an entity: the management API, or one of the catalog files.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Who may change an entity.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "an entity is owned by the API or by a file")]
pub enum Owner {
    /// The management API, and the commands that do the same.
    Api,
    /// The catalog file that is applied without `--owner`. `apply` changes and deletes the entity.
    File,
    /// A catalog file that is applied with `--owner NAME`.
    Named(OwnerName),
}

impl Owner {
    const API: &'static str = "api";
    const FILE: &'static str = "file";

    /// Names that a later version may need for itself.
    const RESERVED: [&'static str; 5] = [Self::API, "admin", "console", "org", "system"];

    /// The stored name: `api`, `file`, or `file:NAME`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Api => Self::API,
            Self::File => Self::FILE,
            Self::Named(name) => name.stored(),
        }
    }

    /// The name in messages and after `--owner`: `api`, `file`, or `NAME`.
    pub fn name(&self) -> &str {
        match self {
            Self::Api => Self::API,
            Self::File => Self::FILE,
            Self::Named(name) => name.as_str(),
        }
    }

    /// The owner with this stored name.
    pub fn from_name(stored: &str) -> Option<Self> {
        match stored {
            Self::API => Some(Self::Api),
            Self::FILE => Some(Self::File),
            other => {
                let name = other.strip_prefix(OwnerName::PREFIX)?;
                Self::of_file(name).ok().filter(|owner| *owner != Self::File)
            }
        }
    }

    /// The owner that a catalog file is applied for: the value of `--owner`.
    ///
    /// # Errors
    ///
    /// A text that names the broken rule.
    pub fn of_file(name: &str) -> Result<Self, &'static str> {
        if name == Self::FILE {
            return Ok(Self::File);
        }
        if Self::RESERVED.contains(&name) {
            return Err(
                "the names `api`, `admin`, `console`, `org` and `system` are reserved: choose another owner",
            );
        }
        OwnerName::parse(name).map(Self::Named)
    }

    /// Tells whether catalog files of this owner change the entity.
    pub fn is_file(self) -> bool {
        self != Self::Api
    }
}

/// The name of a set of catalog files that are applied with `--owner NAME`.
///
/// The name is stored inline, because each of a million clients in memory has an owner.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OwnerName {
    /// The stored name, filled up with zeros.
    bytes: [u8; Self::STORED_MAX],
}

impl OwnerName {
    const PREFIX: &'static str = "file:";
    const STORED_MAX: usize = 31;

    fn parse(text: &str) -> Result<Self, &'static str> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let stored = [Self::PREFIX, text].concat();
        let mut bytes = [0; Self::STORED_MAX];
        match bytes.get_mut(..stored.len()) {
            Some(start) if !text.is_empty() && text.bytes().all(is_allowed) => {
                start.copy_from_slice(stored.as_bytes());
                Ok(Self { bytes })
            }
            _ => Err("an owner has 1 to 26 letters, digits, `-` or `_`"),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.stored()[Self::PREFIX.len()..]
    }

    fn stored(&self) -> &str {
        let end = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(Self::STORED_MAX);
        std::str::from_utf8(&self.bytes[..end]).expect("a name is ASCII")
    }
}

impl fmt::Debug for OwnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// As in messages: "is owned by {owner}".
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("the API"),
            Self::File => f.write_str("a catalog file"),
            Self::Named(name) => write!(f, "the catalog files of owner `{}`", name.as_str()),
        }
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| de::Error::custom("its owner is not known"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_found_by_its_stored_name() {
        let longest = format!("file:{}", "a".repeat(26));
        for stored in ["api", "file", "file:a", "file:team-payments_2", &longest] {
            let owner = Owner::from_name(stored).unwrap();
            assert_eq!(owner.as_str(), stored);
            assert_eq!(owner.name(), stored.strip_prefix("file:").unwrap_or(stored));
        }
        let too_long = format!("{longest}a");
        for bad in ["", "a", "file:", "file:a b", "file:é", "file:admin", "file:file", &too_long] {
            assert_eq!(Owner::from_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_is_not_applied_for_a_reserved_owner() {
        assert_eq!(Owner::of_file("file"), Ok(Owner::File));
        for reserved in ["api", "admin", "console", "org", "system"] {
            assert!(Owner::of_file(reserved).unwrap_err().contains("reserved"), "{reserved}");
        }
        assert!(Owner::of_file("a.b").unwrap_err().contains("1 to 26"));
    }

    #[test]
    fn only_the_api_is_no_file() {
        assert!(!Owner::Api.is_file());
        assert!(Owner::File.is_file() && Owner::of_file("team").unwrap().is_file());
    }

    #[test]
    fn a_client_in_memory_has_its_owner_in_32_bytes() {
        assert_eq!(size_of::<Owner>(), 32);
    }
}
