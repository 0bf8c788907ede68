//! The result of a policy evaluation, with the rules that were tried.

use super::Granted;
use super::condition::{CONDITIONS, Condition};
use crate::catalog::Effect;
use crate::directory::User;
use crate::error::CallError;

/// The result of [`evaluate`](super::evaluate).
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "only `evaluate` constructs it")]
pub struct Evaluation {
    /// The decision.
    pub outcome: Outcome,
    /// The rules that were tried.
    pub trace: Trace,
}

/// The decision of the policies.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle every outcome")]
pub enum Outcome {
    /// A rule matches and allows.
    Allow(Granted),
    /// A rule matches and denies.
    Deny {
        /// The policy and the rule that decided, as `policy/rule`.
        rule: String,
    },
    /// No rule matches.
    NoMatch,
    /// This server cannot grant the scopes, whatever its rules say.
    Malformed(Malformed),
}

/// Why a server cannot grant the scopes, whatever its rules say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// A scope needs the consent of a user, and no user takes part.
    ConsentRequired,
    /// `offline_access` is the only requested scope.
    OfflineAccessAlone,
    /// The `scope` parameter is malformed, or the server does not have the scopes. The text is fixed.
    Scope(&'static str),
}

/// The rules that were tried, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(Vec<Step>);

/// A rule that was tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "small, so that a long trace is cheap")]
pub struct Step {
    /// The index of the policy in
    /// [`AuthorizationServer::policies`](crate::catalog::AuthorizationServer::policies).
    pub policy: u32,
    /// The index of the rule in [`Policy::rules`](crate::catalog::Policy::rules).
    pub rule: u32,
    /// The index of the first condition that kept the rule from matching, in
    /// [`CONDITIONS`](super::condition::CONDITIONS). `None` means that the rule matched.
    pub failed: Option<u8>,
    /// What the rule does if it matches.
    pub effect: Effect,
}

impl Step {
    /// The condition that kept the rule from matching.
    pub fn failed_condition(&self) -> Option<&'static dyn Condition> {
        self.failed.map(|index| CONDITIONS[usize::from(index)])
    }
}

impl Trace {
    /// The rules that were tried. A rule occurs twice if it was tried for two sets of scopes.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(super) fn tried(&mut self, step: Step) {
        self.0.push(step);
    }
}

impl Evaluation {
    /// What is granted.
    ///
    /// # Errors
    ///
    /// [`CallError::DeniedByRule`] if a rule denies, [`CallError::NoMatchingRule`] if no rule matches,
    /// [`CallError::InvalidScope`] or [`CallError::ConsentRequired`] if the server cannot grant the scopes.
    pub fn granted(self) -> Result<Granted, CallError> {
        self.outcome.granted()
    }
}

impl Outcome {
    /// What is granted.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::granted`].
    pub fn granted(self) -> Result<Granted, CallError> {
        match self {
            Self::Allow(granted) => Ok(granted),
            Self::Deny { rule } => Err(CallError::DeniedByRule(rule)),
            Self::NoMatch => Err(CallError::NoMatchingRule),
            Self::Malformed(malformed) => Err(malformed.into()),
        }
    }

    /// Replaces a refusal of the org server by a text that says which scopes it issues. Its rules are built
    /// in, so "no rule matches" would not help.
    pub(super) fn for_org_server(self, user: Option<&User>) -> Self {
        let text = match user {
            None => {
                "The org authorization server issues admin scopes only, to admin clients with a key."
            }
            Some(_) => "The org authorization server issues the scopes of OpenID Connect only.",
        };
        match self {
            Self::Allow(granted) => Self::Allow(granted),
            Self::Malformed(Malformed::OfflineAccessAlone) => {
                Self::Malformed(Malformed::OfflineAccessAlone)
            }
            Self::Deny { .. }
            | Self::NoMatch
            | Self::Malformed(Malformed::ConsentRequired | Malformed::Scope(_)) => {
                Self::Malformed(Malformed::Scope(text))
            }
        }
    }
}

impl From<Malformed> for CallError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::ConsentRequired => Self::ConsentRequired,
            Malformed::OfflineAccessAlone => {
                Self::InvalidScope("The scope offline_access needs another one.")
            }
            Malformed::Scope(text) => Self::InvalidScope(text),
        }
    }
}
