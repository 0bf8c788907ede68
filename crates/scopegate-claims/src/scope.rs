//! One scope: the scope-token of RFC 6749 §3.3.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ClaimsError;

/// One scope, such as `read:orders`.
///
/// Scopes are compared byte for byte: case matters, and a prefix of a scope is a different scope.
///
/// ```
/// use scopegate_claims::Scope;
///
/// assert_eq!(Scope::parse("read:orders").unwrap().as_str(), "read:orders");
/// assert!(Scope::parse("read orders").is_err());
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Box<str>);

impl Scope {
    /// Parses one scope-token.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidScope`] if the text breaks the grammar of RFC 6749 §3.3.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        if Self::is_token(text) {
            Ok(Self(text.into()))
        } else {
            Err(ClaimsError::InvalidScope(text.to_owned()))
        }
    }

    /// Tells whether a string is a scope-token: `1*( %x21 / %x23-5B / %x5D-7E )`.
    pub const fn is_token(text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if !Self::has_byte(bytes[at]) {
                return false;
            }
            at += 1;
        }
        !bytes.is_empty()
    }

    /// Tells whether a scope-token may contain the byte.
    pub(crate) const fn has_byte(byte: u8) -> bool {
        matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
    }

    /// The scope as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = ClaimsError;

    fn from_str(text: &str) -> Result<Self, ClaimsError> {
        Self::parse(text)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_rfc_6749() {
        const { assert!(Scope::is_token("read:orders")) };
        for good in ["a", "!", "#", "[", "]", "~", "https://graph.example/.default", "a'b"] {
            assert!(Scope::is_token(good), "{good}");
        }
        for bad in ["", " ", "a b", "\"", "\\", "\u{7f}", "é", "a\tb", "a\n"] {
            assert!(!Scope::is_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn deserializing_a_scope_checks_the_grammar() {
        assert!(serde_json::from_str::<Scope>("\"read:orders\"").is_ok());
        assert!(serde_json::from_str::<Scope>("\"read orders\"").is_err());
    }
}
