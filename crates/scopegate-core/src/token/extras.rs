//! The contents of tokens other than scopes.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use scopegate_claims::ScopeSet;
use serde::{Deserialize, Serialize};

use super::TokenId;
use crate::directory::Person;

/// The subject of a token.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// The client itself. No user takes part.
    Client,
    /// A user.
    Person(Box<Person>),
}

impl Subject {
    /// The user, if one takes part.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Client => None,
            Self::Person(person) => Some(person),
        }
    }
}

/// The contents of the tokens of a request other than scopes.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "grants construct it")]
pub struct Extras {
    /// The `jti` of the access token, if the grant must know it in advance. It may name a token family.
    pub token_id: Option<TokenId>,
    /// What the ID token should contain, if the scope `openid` is granted.
    pub id_token: Option<IdTokenWish>,
    /// Who acts for the user: the claim `act`.
    pub actor: Option<Actor>,
    /// Who may act for the user: the claim `may_act`. The client's own setting takes precedence.
    pub may_act: Option<MayAct>,
    /// The claims that were requested for userinfo (OpenID Connect Core §5.5).
    pub userinfo_claims: Vec<String>,
    /// The type of the issued token (RFC 8693 §2.2.1).
    pub issued_token_type: Option<&'static str>,
    /// What was requested. Expressions of claims read it.
    pub requested: Requested,
}

/// What was requested, as expressions of claims read it.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "grants construct it")]
pub struct Requested {
    /// The grant type. For a refresh, the grant type with which the token family started.
    pub grant_type: Cow<'static, str>,
    /// The requested scopes, or the default scopes if the request names none. `None` means the granted scopes.
    pub scopes: Option<ScopeSet>,
    /// The first `resource` parameter (RFC 8707 §2).
    pub resource: Option<String>,
    /// The IP address of the client or of the browser, if it is known.
    pub address: Option<IpAddr>,
}

/// What a client requested for the ID token. `Debug` hides the nonce.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdTokenWish {
    /// The client's nonce (OpenID Connect Core §3.1.2.1).
    #[serde(default)]
    pub nonce: Option<String>,
    /// The claims that were requested by name (OpenID Connect Core §5.5).
    #[serde(default)]
    pub claims: Vec<String>,
}

impl fmt::Debug for IdTokenWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenWish").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// The party that acts for the subject, and the chain of earlier actors (RFC 8693 §4.1).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Actor {
    /// The issuer that identifies the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The subject of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The client of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The previous actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

/// The party that may act for the subject (RFC 8693 §4.4). A token with an unknown member is refused,
/// because the member could restrict who may act.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MayAct {
    /// The issuer that identifies the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The subject of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The client of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}
