//! A custom claim as it is written.

use scopegate_claims::Scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A claim of a custom authorization server. Its name is the entity's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ClaimSpec {
    /// The kind of token that carries it.
    pub token: TokenKind,
    /// Where its value comes from.
    pub value: ClaimSource,
    /// The claim is written if one of these scopes is granted; if there are none, always.
    #[serde(default)]
    pub scopes: Vec<Scope>,
}

/// The kind of token that carries a claim.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TokenKind {
    /// Access tokens.
    Access,
    /// ID tokens.
    Id,
}

/// Where the value of a claim comes from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClaimSource {
    /// An attribute of the client; the claim is left out where the client has none of that name.
    ClientAttribute(String),
    /// The same value in each token.
    Constant(Value),
    /// The person's groups that fit; the claim is left out where no person takes part.
    Groups(GroupFilter),
    /// An attribute of the person's profile, `login` or `id`; left out where there is none.
    UserAttribute(String),
}

/// Which of a person's groups are named.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GroupFilter {
    /// How a name is compared.
    pub kind: GroupMatch,
    /// With what.
    pub value: String,
}

/// How the name of a group is compared (Okta's `group_filter_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "Okta's, but for regular expressions")]
pub enum GroupMatch {
    /// It holds the text.
    Contains,
    /// It is the text.
    Equals,
    /// It begins with the text.
    StartsWith,
}

impl GroupFilter {
    /// Tells whether a group is named.
    pub fn admits(&self, group: &str) -> bool {
        match self.kind {
            GroupMatch::Contains => group.contains(&self.value),
            GroupMatch::Equals => group == self.value,
            GroupMatch::StartsWith => group.starts_with(&self.value),
        }
    }
}

/// Claims that the server sets itself, in alphabetical order: no catalog and no hook may set them.
///
/// These are the claims that this server writes or will write, Okta's reserved names for access
/// tokens, and those by which a verifier tells an ID token from an access token.
pub const RESERVED_CLAIMS: [&str; 37] = [
    "acr",
    "act",
    "amr",
    "as_uri",
    "at_hash",
    "aud",
    "auth_time",
    "c_hash",
    "cid",
    "client_id",
    "cnf",
    "exp",
    "groups",
    "iat",
    "idp",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "okta_as_uri",
    "orig",
    "permissions",
    "rpt",
    "rsi",
    "scope",
    "scp",
    "sid",
    "status",
    "sub",
    "token_type",
    "token_use",
    "typ",
    "uid",
    "userinfo_claims",
    "username",
    "ver",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_claims_are_in_order() {
        assert!(RESERVED_CLAIMS.is_sorted());
    }
}
