//! Short-lived things that are found by a secret; the secret itself is never stored.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::sha256;

use crate::catalog::UserId;

/// What kind of thing it is. The same secret never names things of two kinds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "a storage keeps each kind apart")]
pub enum ArtifactKind {
    /// The assertion of another issuer that was used (RFC 7523 §2.1).
    Assertion,
    /// An authorization code (RFC 6749 §4.1).
    Code,
    /// A device code (RFC 8628).
    Device,
    /// A pushed authorization request (RFC 9126).
    PushedRequest,
}

impl ArtifactKind {
    /// The name as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Code => "code",
            Self::Device => "device",
            Self::PushedRequest => "par",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Assertion, Self::Code, Self::Device, Self::PushedRequest]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// By what an artifact is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an artifact has two names")]
pub enum ArtifactName {
    /// The SHA-256 of its secret.
    Secret([u8; 32]),
    /// The SHA-256 of its other name, such as a user code.
    Alias([u8; 32]),
}

impl ArtifactName {
    /// The name of what a secret opens.
    pub fn of_secret(secret: &str) -> Self {
        Self::Secret(sha256(secret.as_bytes()))
    }

    /// The name of what is also known by this text.
    pub fn of_alias(alias: &str) -> Self {
        Self::Alias(sha256(alias.as_bytes()))
    }
}

/// A short-lived thing. `Debug` hides what it holds.
#[derive(Clone, Eq, PartialEq)]
pub struct Artifact {
    /// What it is.
    pub kind: ArtifactKind,
    /// The SHA-256 of its secret.
    pub id: [u8; 32],
    /// The SHA-256 of its other name, where it has one.
    pub alias: Option<[u8; 32]>,
    /// Of whom it speaks from its beginning.
    pub user: Option<UserId>,
    /// How often it was changed: 0 when it is made.
    pub version: u64,
    /// From when on it may be forgotten.
    pub expires_at: UnixTime,
    /// What it holds, as JSON.
    pub body: String,
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact")
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
