//! Why a request is granted or refused, and the smallest changes that would allow it.
//!
//! 1. A request is described (`described`), or the facts of a decision that happened are read (`past`).
//!    Either becomes an inquiry (`inquiry`).
//! 2. The inquiry is decided (`decide`) by the functions that decide requests: `grants::usable`,
//!    `policy::evaluate`, `token::draft`. Nothing is signed and nothing is written.
//! 3. The rules that were tried (`tried`) and the claims (`claims`) are shown with their values and sources.
//! 4. Changes that would allow the request are tried one after the other (`suggest`, `fix`). Each one that is
//!    suggested was decided, too.

mod claims;
mod decide;
mod described;
mod explanation;
mod fix;
mod hooks;
mod inquiry;
mod past;
mod refusal;
mod suggest;
mod text;
mod tried;

use scopegate_claims::UnixTime;

pub use self::described::DescribedRequest;
pub use self::explanation::{
    Explanation, FailedCheck, GrantedTokens, Kind, MatchedCondition, ShownClaim, ShownRule,
    ShownToken,
};
pub use self::hooks::{ClaimChange, HookTrial, ShownHook};
use crate::audit::DecisionId;
use crate::catalog::AcrClass;
use crate::spelling::{Instead, Quoted};
use crate::store::StoreError;

/// Why a request cannot be explained.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum CannotTell {
    /// There is no such user.
    #[error("there is no user `{0}`: `scopegate users list` shows them")]
    UnknownUser(String),
    /// The grant is for a user, and none is named.
    #[error("`{0}` is for a user: name one with --user")]
    NeedsUser(String),
    /// The sign-in of a user is described for a grant type without one.
    #[error(
        "`{0}` knows no sign-in of a user, so that a rule cannot require one: leave out --acr, --amr and --auth-time"
    )]
    NoSignIn(String),
    /// There is no such class of sign-ins.
    #[error("{}", unknown_class(.0))]
    UnknownClass(String),
    /// A refresh is for the scopes of its family, which a description does not know.
    #[error("a refresh gives the scopes of its family: name them with --scope")]
    NeedsScopes,
    /// There is no such hook.
    #[error("there is no hook `{0}`: `scopegate hooks list` shows them")]
    UnknownHook(String),
    /// A hook is only called for a request that is granted.
    #[error("no token is granted, so that no hook is called: {0}")]
    NotGranted(String),
    /// There is no event with this id.
    #[error(
        "there is no decision {0}: it may be older than the audit log, or not written yet; beyond a limit per \
         minute, refusals of public clients are only counted"
    )]
    UnknownDecision(DecisionId),
    /// The event is not a decision about a request of a client.
    #[error("{id} is not a decision about a request of a client: it is {kind}")]
    NotADecision {
        /// The id of the event.
        id: DecisionId,
        /// Its kind.
        kind: String,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

fn unknown_class(name: &str) -> String {
    let instead = Instead { of: name, known: AcrClass::ALL.iter().map(|(name, _)| *name) };
    format!("unknown class {}: {instead}", Quoted(name))
}

/// A point in time as text, such as `2026-11-30T09:00:00Z` (RFC 3339). `None` if it is not one from 1970 to 9999.
pub fn parse_time(text: &str) -> Option<UnixTime> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    let seconds = u64::try_from(timestamp.as_second()).ok()?;
    Some(UnixTime::from_seconds(seconds)).filter(|time| *time <= UnixTime::MAX)
}

/// The text of a point in time, in UTC.
pub fn show_time(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_seconds()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| time.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests;
