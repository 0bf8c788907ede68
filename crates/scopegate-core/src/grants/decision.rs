//! What a grant decides: for whom, by what right, and what must be remembered.

use std::borrow::Cow;
use std::fmt;

use scopegate_claims::{Audience, ScopeSet, UnixTime};

use crate::policy::Granted;
use crate::store::Change;
use crate::token::{Extras, RefreshToken, Subject, TokenId};

/// What a grant decided.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a grant says all of it")]
pub struct Decision<'a> {
    /// The client itself, or the user for whom it asks.
    pub subject: Subject,
    /// By what the scopes of the token are decided.
    pub right: Right,
    /// What the tokens say besides their scopes.
    pub extras: Extras,
    /// What must be remembered, in the transaction that issues the token.
    pub changes: Vec<Change>,
    /// What follows once the token is signed.
    pub once_signed: Option<OnceSigned<'a>>,
}

/// By what the scopes of a token are decided.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "they are decided now, or were decided before")]
pub enum Right {
    /// They were decided when the user agreed.
    Decided {
        /// What was granted.
        granted: Granted,
        /// For which audience.
        audience: Audience,
    },
    /// The policies decide now.
    Policy {
        /// The grant type that the rules must list.
        grant_type: Cow<'static, str>,
        /// No other scopes than these.
        at_most: Option<ScopeSet>,
        /// No other audience than this one.
        audience: Option<Audience>,
        /// The token ends then at the latest.
        until: Option<UnixTime>,
    },
}

/// A step of a grant that needs to know the token: how long it lives, what was granted.
pub struct OnceSigned<'a>(Box<dyn FnOnce(&Signed<'_>) -> WithToken + Send + 'a>);

/// What is known of a token once it is signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Signed<'a> {
    /// The `jti`.
    pub id: &'a TokenId,
    /// When the token ends.
    pub ends_at: UnixTime,
    /// What was granted.
    pub granted: &'a Granted,
}

/// What goes with a token once it is signed.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a grant says all of it")]
pub struct WithToken {
    /// What must be remembered, in the transaction that issues the token.
    pub changes: Vec<Change>,
    /// The refresh token.
    pub refresh_token: Option<RefreshToken>,
}

impl<'a> OnceSigned<'a> {
    /// A step that is taken once the token is signed.
    pub fn new(step: impl FnOnce(&Signed<'_>) -> WithToken + Send + 'a) -> Self {
        Self(Box::new(step))
    }

    /// Takes the step.
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
    /// The policies decide, and nothing bounds what they give.
    pub(crate) const fn policy(grant_type: &'static str) -> Self {
        let grant_type = Cow::Borrowed(grant_type);
        Self::Policy { grant_type, at_most: None, audience: None, until: None }
    }
}
