//! The ids of tokens (`jti`).

use std::fmt;

use scopegate_jose::random_token;
use serde::{Deserialize, Serialize};

use crate::store::FamilyId;

/// The id of a token. As with Okta, the id of an access token also names the family of refresh tokens with
/// which it was issued. The token ends when the family ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TokenId(Box<str>);

impl TokenId {
    /// The prefix of the ids of access tokens.
    pub const ACCESS: &'static str = "AT.";
    /// The prefix of the ids of ID tokens.
    pub const ID: &'static str = "ID.";

    /// The id of a new access token.
    pub fn access(family: Option<&FamilyId>) -> Self {
        let random = random_token(32);
        let id = match family {
            None => [Self::ACCESS, &random].concat(),
            Some(family) => [Self::ACCESS, &random, ".", family.as_str()].concat(),
        };
        Self(id.into())
    }

    /// The id of a new ID token.
    pub fn id() -> Self {
        Self([Self::ID, &random_token(32)].concat().into())
    }

    /// The family that the `jti` of an access token names.
    pub fn family_of(jti: &str) -> Option<FamilyId> {
        let (_, family) = jti.strip_prefix(Self::ACCESS)?.split_once('.')?;
        FamilyId::parse(family).ok()
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_names_its_family() {
        let family = FamilyId::generate();
        let id = TokenId::access(Some(&family));
        assert_eq!(TokenId::family_of(id.as_str()), Some(family));
        for without in [TokenId::access(None).as_str(), TokenId::id().as_str(), "AT.x.y", ""] {
            assert_eq!(TokenId::family_of(without), None, "{without}");
        }
    }
}
