//! What tokens say besides their scopes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::TokenId;
use crate::directory::Person;

/// Of whom a token speaks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// The client itself: no person takes part.
    Client,
    /// A person.
    Person(Box<Person>),
}

impl Subject {
    /// The person, where one takes part.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Client => None,
            Self::Person(person) => Some(person),
        }
    }
}

/// What the tokens of a request say besides their scopes.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a grant says all of it")]
pub struct Extras {
    /// The `jti` of the access token, if it had to be known before. It may name a family.
    pub token_id: Option<TokenId>,
    /// What the ID token says, if the scope `openid` is granted.
    pub id_token: Option<IdTokenWish>,
    /// Who acts for the person: the claim `act`.
    pub actor: Option<Actor>,
    /// Who may act for her, unless the client says: the claim `may_act`.
    pub may_act: Option<MayAct>,
    /// The claims that were asked for at userinfo.
    pub userinfo_claims: Vec<String>,
    /// The type of the token (RFC 8693 §2.2.1).
    pub issued_token_type: Option<&'static str>,
}

/// What an ID token shall say. `Debug` hides the nonce.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdTokenWish {
    /// The client's nonce (OpenID Connect Core §3.1.2.1).
    #[serde(default)]
    pub nonce: Option<String>,
    /// The claims that were asked for by name (OpenID Connect Core §5.5).
    #[serde(default)]
    pub claims: Vec<String>,
}

impl fmt::Debug for IdTokenWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenWish").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// Who acts for somebody, and for whom that one acted (RFC 8693 §4.1).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Actor {
    /// Whose name it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// By which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who acted before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

/// Who may act for somebody (RFC 8693 §4.4). A member that is not known here names nobody we know, so
/// that it cannot be read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MayAct {
    /// Whose name it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// By which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}
