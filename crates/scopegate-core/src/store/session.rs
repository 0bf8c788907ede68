//! Where a person is signed in.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::random_token;
use serde::{Deserialize, Serialize};

use crate::directory::Authentication;

use crate::catalog::UserId;

/// The id of a session. It is no secret: it is the claim `sid`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// A new id.
    pub fn generate() -> Self {
        Self(format!("ses{}", random_token(15)).into())
    }

    /// The id that a row holds.
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person is signed in in one browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The SHA-256 of the cookie.
    pub secret_sha256: [u8; 32],
    /// Who is signed in.
    pub user: UserId,
    /// How the person showed who she is.
    pub auth: Authentication,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was used last, to the minute.
    pub seen_at: UnixTime,
    /// When it ends if it is not used.
    pub idle_ends_at: UnixTime,
    /// When it ends in any case.
    pub ends_at: UnixTime,
    /// How often it was changed.
    pub version: u64,
}
