//! Sessions of signed-in users.

use scopegate_claims::UnixTime;

use crate::catalog::UserId;
use crate::directory::{Authentication, SessionId};

/// A session: a user is signed in in one browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The SHA-256 of the cookie.
    pub secret_sha256: [u8; 32],
    /// The user.
    pub user: UserId,
    /// How the user authenticated.
    pub auth: Authentication,
    /// When the session began.
    pub created_at: UnixTime,
    /// When the session was last used, accurate to a minute.
    pub seen_at: UnixTime,
    /// When the session ends if it is not used.
    pub idle_ends_at: UnixTime,
    /// When the session ends even if it is used.
    pub ends_at: UnixTime,
    /// How often it was changed.
    pub version: u64,
}
