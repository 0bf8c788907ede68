//! The id of a user.

use std::fmt;

use scopegate_jose::random_token;
use serde::{Deserialize, Serialize};

use crate::catalog::ClientId;

/// The id of a user. It never changes, is never reused, and is never the id of a client.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(Box<str>);

impl UserId {
    /// The prefix of user ids.
    pub const PREFIX: &'static str = ClientId::USER_ID_PREFIX;

    /// A new id.
    pub fn generate() -> Self {
        Self(format!("{}{}", Self::PREFIX, random_token(15)).into())
    }

    /// Parses a user id.
    ///
    /// # Errors
    ///
    /// A text that names the broken rule.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !text.starts_with(Self::PREFIX) || text.len() > 64 || !is_graphic {
            return Err("a user id begins with `00u` and has at most 64 printable characters");
        }
        Ok(Self(text.into()))
    }

    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_not_a_client_id() {
        let id = UserId::generate();
        assert!(ClientId::parse(id.as_str()).is_err());
        assert_eq!(UserId::parse(id.as_str()), Ok(id.clone()));
        assert_ne!(UserId::generate(), id);
        for bad in ["", "alice", "0oa1", "00u 1", "00u\n", &format!("00u{}", "a".repeat(62))] {
            assert!(UserId::parse(bad).is_err(), "{bad}");
        }
    }
}
