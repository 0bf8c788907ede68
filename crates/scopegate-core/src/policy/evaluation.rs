//! What an evaluation of the policies results in, and how it came to that.

use super::Granted;
use crate::directory::User;
use crate::error::CallError;

/// The result of [`evaluate`](super::evaluate).
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is made in one place and read in many")]
pub struct Evaluation {
    /// What is decided.
    pub outcome: Outcome,
    /// The rules that were tried.
    pub trace: Trace,
}

/// What the policies decide.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must answer each of them")]
pub enum Outcome {
    /// A rule matches and allows.
    Allow(Granted),
    /// A rule matches and denies.
    Deny,
    /// No rule matches.
    NoMatch,
    /// The scopes cannot be had from this server, whatever its rules say.
    Malformed(Malformed),
}

/// Why scopes cannot be had from a server, whatever its rules say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Malformed {
    /// A scope needs the consent of a user, and no user takes part.
    ConsentRequired,
    /// `offline_access` is asked for alone.
    OfflineAccessAlone,
    /// The parameter breaks the grammar, or the server does not have the scopes. The text is fixed.
    Scope(&'static str),
}

/// The rules that were tried, in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(Vec<Step>);

/// A rule that was tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it is a row of numbers")]
pub struct Step {
    /// The policy, by its place in
    /// [`AuthorizationServer::policies`](crate::catalog::AuthorizationServer::policies).
    pub policy: u32,
    /// The rule, by its place in [`Policy::rules`](crate::catalog::Policy::rules).
    pub rule: u32,
    /// The first condition that failed, by its place in
    /// [`CONDITIONS`](super::condition::CONDITIONS). `None`: the rule matched.
    pub failed: Option<u8>,
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
    /// [`CallError::NoMatchingRule`] if a rule denies or no rule matches, [`CallError::InvalidScope`] or
    /// [`CallError::ConsentRequired`] if the scopes cannot be had.
    pub fn granted(self) -> Result<Granted, CallError> {
        match self.outcome {
            Outcome::Allow(granted) => Ok(granted),
            Outcome::Deny | Outcome::NoMatch => Err(CallError::NoMatchingRule),
            Outcome::Malformed(malformed) => Err(malformed.into()),
        }
    }
}

impl Outcome {
    /// The org server says what it issues, instead of which rule did not match.
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
            Self::Deny
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
