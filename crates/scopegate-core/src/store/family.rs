//! Families of refresh tokens: all tokens that descend from one grant share one row.

use std::fmt;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use scopegate_jose::{base64url, random_bytes};
use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::catalog::{ClientId, ServerId, UserId};
use crate::directory::Authentication;

/// The id of a family: `oar` and 15 bytes in base64url.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct FamilyId(Box<str>);

impl FamilyId {
    /// The prefix of the ids.
    pub const PREFIX: &'static str = "oar";

    /// A new id.
    pub fn generate() -> Self {
        Self::from_bytes(&random_bytes())
    }

    /// The id of these bytes.
    pub fn from_bytes(bytes: &[u8; 15]) -> Self {
        Self([Self::PREFIX, &base64url::encode(bytes)].concat().into())
    }

    /// Parses an id.
    ///
    /// # Errors
    ///
    /// A text that says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(|rest| base64url::decode(rest).ok());
        match bytes.is_some_and(|bytes| bytes.len() == 15) {
            true => Ok(Self(text.into())),
            false => Err("the id of a family is `oar` and 20 characters"),
        }
    }

    /// The bytes of the id.
    pub fn to_bytes(&self) -> [u8; 15] {
        let bytes = base64url::decode(&self.0[Self::PREFIX.len()..]);
        let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
        bytes.expect("an id was made of 15 bytes")
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FamilyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<FamilyId> for String {
    fn from(id: FamilyId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A family of refresh tokens. No token is stored: each is derived from the id of the family and
/// the generation of the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Family {
    /// The id.
    pub id: FamilyId,
    /// The server that issued it.
    pub server: ServerId,
    /// The client that holds it.
    pub client: ClientId,
    /// The user.
    pub user: UserId,
    /// The session in which it began.
    pub session: Option<SessionId>,
    /// The generation of the newest token.
    pub generation: u32,
    /// When that token was issued.
    pub rotated_at: UnixTime,
    /// When the family ends if it is not used.
    pub idle_ends_at: UnixTime,
    /// When the family ends even if it is used.
    pub ends_at: UnixTime,
    /// Whether the family was ended early.
    pub revoked: bool,
    /// When the row may be deleted: from then on no access token of the family is valid.
    pub forget_at: UnixTime,
    /// The part that never changes.
    pub body: FamilyBody,
}

/// The grant that began a family.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyBody {
    /// The grant type. Each refresh evaluates the policies for this grant type.
    pub grant_type: String,
    /// The granted scopes. No refresh grants more.
    pub scopes: ScopeSet,
    /// The audience of the access tokens.
    pub audience: Audience,
    /// The values of `resource` (RFC 8707) of the request that began it. A refresh that names none is for
    /// these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// How the user had authenticated.
    pub auth: Option<Authentication>,
    /// The claims that were requested by name for userinfo.
    #[serde(default)]
    pub userinfo_claims: Vec<String>,
    /// The claims that were requested by name for the ID token.
    #[serde(default)]
    pub id_token_claims: Vec<String>,
    /// When the family began.
    pub began_at: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_be_converted_to_its_bytes_and_back() {
        let id = FamilyId::generate();
        assert_eq!(FamilyId::from_bytes(&id.to_bytes()), id);
        assert_eq!(FamilyId::parse(id.as_str()), Ok(id));
        for bad in ["", "oar", "oarAAAA", "ses12345678901234567890", "oar1234567890123456789é"] {
            assert!(FamilyId::parse(bad).is_err(), "{bad}");
        }
    }
}
