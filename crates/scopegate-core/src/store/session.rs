//! Where a user is signed in.

use scopegate_claims::UnixTime;

use crate::catalog::UserId;
use crate::directory::{Authentication, SessionId};

/// A person is signed in in one browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The SHA-256 of the cookie.
    pub secret_sha256: [u8; 32],
    /// Who is signed in.
    pub user: UserId,
    /// How the person showed who she is.
    pub auth: Authentication,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was used last, to the minute.
    pub seen_at: UnixTime,
    /// When it ends if it is not used.
    pub idle_ends_at: UnixTime,
    /// When it ends in any case.
    pub ends_at: UnixTime,
    /// How often it was changed.
    pub version: u64,
}
