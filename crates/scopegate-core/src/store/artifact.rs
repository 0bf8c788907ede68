//! Short-lived records that are looked up by a secret, such as authorization codes. The secret
//! itself is never stored.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::sha256;

use crate::catalog::UserId;

/// The kind of an artifact. The same secret never identifies artifacts of two kinds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "a storage must handle each kind")]
pub enum ArtifactKind {
    /// A used assertion of another issuer (RFC 7523 §2.1).
    Assertion,
    /// An authorization code (RFC 6749 §4.1).
    Code,
    /// A device code (RFC 8628).
    Device,
    /// A pushed authorization request (RFC 9126).
    PushedRequest,
}

impl ArtifactKind {
    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Code => "code",
            Self::Device => "device",
            Self::PushedRequest => "par",
        }
    }

    /// The kind with this stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Assertion, Self::Code, Self::Device, Self::PushedRequest]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// By which an artifact is looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an artifact has two names")]
pub enum ArtifactName {
    /// The SHA-256 of its secret.
    Secret([u8; 32]),
    /// The SHA-256 of its alias, such as a user code.
    Alias([u8; 32]),
}

impl ArtifactName {
    /// The name of the artifact with this secret.
    pub fn of_secret(secret: &str) -> Self {
        Self::Secret(sha256(secret.as_bytes()))
    }

    /// The name of the artifact with this alias.
    pub fn of_alias(alias: &str) -> Self {
        Self::Alias(sha256(alias.as_bytes()))
    }
}

/// A short-lived record. `Debug` hides its content.
#[derive(Clone, Eq, PartialEq)]
pub struct Artifact {
    /// The kind.
    pub kind: ArtifactKind,
    /// The SHA-256 of its secret.
    pub id: [u8; 32],
    /// The SHA-256 of its alias, if it has one.
    pub alias: Option<[u8; 32]>,
    /// The user that it belongs to, if that is known when it is created.
    pub user: Option<UserId>,
    /// How often it was changed: 0 when it is created.
    pub version: u64,
    /// When the row may be deleted.
    pub expires_at: UnixTime,
    /// The content, as JSON.
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
