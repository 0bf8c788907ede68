//! The two sets of names that issuers use for the same claims.

use serde::{Deserialize, Serialize};

/// The claim names that an authorization server writes into its access tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new dialect must be handled wherever tokens are written"
)]
pub enum Dialect {
    /// Both sets of names in each token, for verifiers of either kind.
    #[default]
    Both,
    /// Okta's names: `ver`, `cid`, `uid`, and `scp` as an array.
    Okta,
    /// The names of RFC 9068: `client_id`, and `scope` as a string.
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
