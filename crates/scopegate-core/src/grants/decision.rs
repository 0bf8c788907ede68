//! The decision of a grant: the subject, how the scopes are decided, and the changes to store.

use std::borrow::Cow;
use std::fmt;

use scopegate_claims::{Audience, ScopeSet, UnixTime};

use crate::policy::Granted;
use crate::store::Change;
use crate::token::{Extras, RefreshToken, Subject, TokenId};

/// The decision of a grant.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "grants construct it")]
pub struct Decision<'a> {
    /// The subject of the token: a user, or the client itself.
    pub subject: Subject,
    /// How the scopes of the token are decided.
    pub right: Right,
    /// The contents of the tokens other than scopes.
    pub extras: Extras,
    /// The changes to store in the transaction that issues the token.
    pub changes: Vec<Change>,
    /// A step that runs after the token is signed.
    pub once_signed: Option<OnceSigned<'a>>,
}

/// How the scopes of a token are decided.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "they are decided now or were decided before")]
pub enum Right {
    /// The policies decided when the user consented.
    Decided {
        /// The decision of the policies.
        granted: Granted,
        /// The audience that was chosen.
        audience: Audience,
    },
    /// The policies decide now.
    Policy {
        /// The grant type that a rule must list.
        grant_type: Cow<'static, str>,
        /// The maximum scopes. `None` means no limit.
        at_most: Option<ScopeSet>,
        /// The only allowed audience. `None` means no limit.
        audience: Option<Audience>,
        /// The resources (RFC 8707) that were requested before. They count if the request names none.
        resources: Vec<String>,
        /// The latest expiry of the token. `None` means no limit.
        until: Option<UnixTime>,
    },
}

/// A step of a grant that runs after the token is signed. It needs the id and expiry of the token, or the
/// decision of the policies.
pub struct OnceSigned<'a>(Box<dyn FnOnce(&Signed<'_>) -> WithToken + Send + 'a>);

/// A signed token.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Signed<'a> {
    /// The `jti`.
    pub id: &'a TokenId,
    /// When the token expires.
    pub ends_at: UnixTime,
    /// The decision of the policies.
    pub granted: &'a Granted,
}

/// What a grant adds to a signed token.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "grants construct it")]
pub struct WithToken {
    /// The changes to store in the transaction that issues the token.
    pub changes: Vec<Change>,
    /// The refresh token.
    pub refresh_token: Option<RefreshToken>,
}

impl<'a> OnceSigned<'a> {
    /// Wraps a step that runs after the token is signed.
    pub fn new(step: impl FnOnce(&Signed<'_>) -> WithToken + Send + 'a) -> Self {
        Self(Box::new(step))
    }

    /// Runs the step.
    pub(crate) fn take(self, signed: &Signed<'_>) -> WithToken {
        (self.0)(signed)
    }
}

impl fmt::Debug for OnceSigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceSigned(…)")
    }
}

impl Right {
    /// The policies decide without further limits.
    pub(crate) const fn policy(grant_type: &'static str) -> Self {
        let grant_type = Cow::Borrowed(grant_type);
        Self::Policy {
            grant_type,
            at_most: None,
            audience: None,
            resources: Vec::new(),
            until: None,
        }
    }
}
