//! The user of a request, and how they authenticated.

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};

use super::{SessionId, User};

/// When and how a user authenticated.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// When they authenticated (the claim `auth_time`).
    pub at: UnixTime,
    /// The authentication context class (the claim `acr`, OpenID Connect Core §2).
    pub acr: String,
    /// The authentication methods (the claim `amr`, RFC 8176).
    pub amr: Vec<String>,
    /// The session that the sign-in started (the claim `sid`).
    pub session: Option<SessionId>,
}

/// The user for whom a token is issued.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The user.
    pub user: User,
    /// How they authenticated; `None` if an assertion or a token identifies them.
    pub auth: Option<Authentication>,
}
