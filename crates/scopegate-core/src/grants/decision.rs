//! What a grant decides: for whom, by what right, and what else goes with the token.

use scopegate_claims::{Audience, ScopeSet, UnixTime};

use crate::error::TokenError;
use crate::policy::Granted;
use crate::store::{Change, StoreError};
use crate::token::{GoesWith, Subject};

/// What a grant decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Of whom the token speaks.
    pub subject: Subject,
    /// By what its scopes are decided.
    pub right: Right,
    /// What must be remembered, in the transaction that issues the token.
    pub changes: Vec<Change>,
    /// What else there is.
    pub goes_with: GoesWith,
}

/// By what the scopes of a token are decided.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "it is decided now, or was decided before")]
pub enum Right {
    /// It was decided when the person agreed.
    Decided {
        /// What.
        granted: Granted,
        /// For which audience.
        audience: Audience,
    },
    /// The policies decide now.
    Policy {
        /// The grant type that the rules are asked for.
        grant_type: &'static str,
        /// No other scopes than these.
        at_most: Option<ScopeSet>,
        /// No other audience than this one.
        audience: Option<Audience>,
        /// The token ends then at the latest.
        until: Option<UnixTime>,
    },
}

/// A refusal, and what must be remembered of it all the same: a replayed code ends what it began.
#[derive(Debug)]
pub struct Denied {
    /// Why.
    pub error: TokenError,
    /// What must be remembered, in the transaction that records the refusal.
    pub changes: Vec<Change>,
}

impl From<TokenError> for Denied {
    fn from(error: TokenError) -> Self {
        Self { error, changes: Vec::new() }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        TokenError::Storage(error).into()
    }
}
