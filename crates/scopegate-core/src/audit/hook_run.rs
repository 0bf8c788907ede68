//! What a token hook did for a decision, without any value.

use serde::{Deserialize, Serialize};

/// What a token hook did for a decision. It contains nothing that the hook was sent or has answered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct HookRun {
    /// The name of the hook.
    pub name: String,
    /// The result, with the name of a [`HookOutcome`].
    pub outcome: HookOutcome,
    /// Why it failed, with a name from a fixed list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// The result of a token hook.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HookOutcome {
    /// It was called, and its answer was used.
    Answered,
    /// An earlier answer was used, without a call.
    Cached,
    /// It failed, and the request was refused.
    Failed,
    /// It failed, and the token stayed as it was.
    Open,
    /// It answered that the request must be refused.
    Refused,
    /// It failed, and its last good answer was used.
    Stale,
}

impl HookOutcome {
    /// All variants.
    pub const ALL: [Self; 6] =
        [Self::Answered, Self::Cached, Self::Failed, Self::Open, Self::Refused, Self::Stale];

    /// The name that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Stale => "stale",
        }
    }
}
