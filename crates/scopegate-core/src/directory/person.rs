//! A person who takes part in a request.

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};

use super::{SessionId, User};

/// When and how a person showed who she is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// When (the claim `auth_time`).
    pub at: UnixTime,
    /// What class of authentication it was (OpenID Connect Core §2).
    pub acr: String,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// The session that it began (the claim `sid`).
    pub session: Option<SessionId>,
}

/// A person for whom a token is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Who.
    pub user: User,
    /// How she showed it; none where another issuer or a token says who it is.
    pub auth: Option<Authentication>,
}
