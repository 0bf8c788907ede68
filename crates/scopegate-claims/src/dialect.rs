//! The two ways in which issuers name the same claims.

use serde::{Deserialize, Serialize};

/// How an authorization server writes its access tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a new dialect is a new contract with every verifier")]
pub enum Dialect {
    /// Both at once, for verifiers of either kind.
    #[default]
    Both,
    /// Okta's: `ver`, `cid`, `uid`, and `scp` as an array.
    Okta,
    /// RFC 9068's: `client_id`, and `scope` as a text.
    Rfc9068,
}

impl Dialect {
    /// Tells whether Okta's names are written.
    pub const fn writes_okta(self) -> bool {
        matches!(self, Self::Both | Self::Okta)
    }

    /// Tells whether RFC 9068's names are written.
    pub const fn writes_rfc9068(self) -> bool {
        matches!(self, Self::Both | Self::Rfc9068)
    }
}
