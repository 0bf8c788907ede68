//! The id of a session.

use std::fmt;

use scopegate_jose::random_token;
use serde::{Deserialize, Serialize};

/// The id of a session. It is not a secret: tokens contain it as the claim `sid`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// A new id.
    pub fn generate() -> Self {
        Self(format!("ses{}", random_token(15)).into())
    }

    /// The id in a stored row.
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
