//! The changes that a hook makes: Okta's commands, parsed once into types.
//!
//! A patch is applied as a whole or not at all. The parser checks what can be known without the tokens; the rest
//! is checked when the patch is applied.

mod apply;
mod pointer;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use scopegate_claims::Scope;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::apply::Limits;
use self::pointer::Pointer;
use super::failure::HookFailure;
use crate::catalog::{SettableClaim, TokenKind, is_reserved};

/// The lifetimes that a hook may set: Okta's limits.
pub(super) const LIFETIME: RangeInclusive<Duration> =
    Duration::from_secs(5 * 60)..=Duration::from_secs(24 * 60 * 60);

/// Maximum number of operations in a patch.
const MAX_OPERATIONS: usize = 200;

/// Maximum length of the name of a claim, in characters.
const MAX_NAME: usize = 100;

/// The changes that a hook makes, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    operations: Vec<Operation>,
}

/// One change.
#[derive(Clone, PartialEq)]
enum Operation {
    Claim { token: TokenKind, at: Pointer, edit: Edit },
    Lifetime { token: TokenKind, lifetime: Duration },
    DropScope(Scope),
}

/// What happens at the place of a claim.
#[derive(Clone, PartialEq)]
enum Edit {
    Add(Value),
    Remove,
    Replace(Value),
}

/// Shows no value, because hooks may answer personal data.
impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Claim { edit: Edit::Add(_), .. } => "add",
            Self::Claim { edit: Edit::Remove, .. } => "remove",
            Self::Claim { edit: Edit::Replace(_), .. } => "replace",
            Self::Lifetime { .. } => "lifetime",
            Self::DropScope(_) => "drop a scope",
        };
        f.write_str(name)
    }
}

/// Why a patch cannot be applied. Neither part contains a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("operation {operation} of the commands: {problem}")]
#[non_exhaustive]
pub struct BadPatch {
    /// The number of the operation, from 1, over all commands.
    pub operation: usize,
    /// What is wrong.
    pub problem: PatchProblem,
}

/// What is wrong with an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchProblem {
    /// An audience that the server does not have, or not a text.
    #[error("`aud` is no audience of the server")]
    Audience,
    /// The type of the command is unknown.
    #[error("the type of the command is unknown")]
    Command,
    /// The index of a list is not a number, or is beyond its end.
    #[error("the index of a list is wrong")]
    Index,
    /// The lifetime is not a whole number of seconds within the limits.
    #[error("the lifetime is not from 300 to 86400 seconds")]
    Lifetime,
    /// The place does not exist.
    #[error("the place does not exist")]
    Missing,
    /// The operation is unknown, or does not go with its path.
    #[error("the operation is unknown, or does not go with its path")]
    Operation,
    /// The path has an unknown form.
    #[error("the path has an unknown form")]
    Path,
    /// The claim is set by the server itself.
    #[error("the claim is set by the server itself")]
    Protected,
    /// The subject is not a text, or the id of a user.
    #[error("`sub` is not a text, or it is the id of a user")]
    Subject,
    /// The request makes no such token.
    #[error("the request makes no such token")]
    NoToken,
    /// There are too many operations, or the claims are too large.
    #[error("there are too many operations, or the claims are too large")]
    TooLarge,
    /// The value is missing, or there must be none.
    #[error("the value is missing, or there must be none")]
    Value,
}

/// A command of Okta, or ours.
#[derive(Deserialize)]
struct Command {
    #[serde(rename = "type")]
    kind: String,
    value: Vec<WrittenOperation>,
}

#[derive(Deserialize)]
struct WrittenOperation {
    op: String,
    path: String,
    #[serde(default)]
    value: Option<Value>,
}

impl Patch {
    /// Parses the member `commands` of an answer.
    ///
    /// # Errors
    ///
    /// The commands have another form than Okta documents, or an operation is wrong.
    pub(super) fn of_commands(commands: Value) -> Result<Self, HookFailure> {
        let commands: Result<Vec<Command>, _> = serde_json::from_value(commands);
        let commands =
            commands.map_err(|_| HookFailure::Unreadable("`commands` has another form"))?;
        Self::parse(commands).map_err(HookFailure::BadPatch)
    }

    fn parse(commands: Vec<Command>) -> Result<Self, BadPatch> {
        let mut operations = Vec::new();
        for Command { kind, value } in commands {
            let target = match kind.as_str() {
                "com.okta.access.patch" => Some(Target::Token(TokenKind::Access)),
                "com.okta.identity.patch" => Some(Target::Token(TokenKind::Id)),
                "com.scopegate.scopes.patch" => Some(Target::Scopes),
                _ => None,
            };
            let number = operations.len() + 1;
            let bad = |problem| BadPatch { operation: number, problem };
            let target = target.ok_or_else(|| bad(PatchProblem::Command))?;
            for written in value {
                let number = operations.len() + 1;
                let bad = |problem| BadPatch { operation: number, problem };
                if number > MAX_OPERATIONS {
                    return Err(bad(PatchProblem::TooLarge));
                }
                operations.push(operation(target, written).map_err(bad)?);
            }
        }
        Ok(Self { operations })
    }

    /// About how many bytes the patch takes in memory.
    pub(super) fn size(&self) -> usize {
        const OPERATION: usize = 64;
        let value = |operation: &Operation| match operation {
            Operation::Claim { edit: Edit::Add(value) | Edit::Replace(value), .. } => {
                serde_json::to_vec(value).map_or(0, |json| json.len())
            }
            Operation::Claim { .. } | Operation::Lifetime { .. } | Operation::DropScope(_) => 0,
        };
        self.operations.iter().map(|operation| OPERATION + value(operation)).sum()
    }

    /// Tells whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The same patch, which also sets a claim. A claim that is there is replaced.
    #[must_use]
    pub fn with_claim(mut self, token: TokenKind, name: &str, value: impl Into<Value>) -> Self {
        let (at, edit) = (Pointer::claim(name), Edit::Add(value.into()));
        self.operations.push(Operation::Claim { token, at, edit });
        self
    }

    /// The same patch, which also removes a claim. The claim must be there.
    #[must_use]
    pub fn without_claim(mut self, token: TokenKind, name: &str) -> Self {
        let (at, edit) = (Pointer::claim(name), Edit::Remove);
        self.operations.push(Operation::Claim { token, at, edit });
        self
    }

    /// The same patch, which also removes a granted scope.
    #[must_use]
    pub fn without_scope(mut self, scope: Scope) -> Self {
        self.operations.push(Operation::DropScope(scope));
        self
    }

    /// The same patch, which also sets how long a token lives: 5 minutes to 24 hours.
    #[must_use]
    pub fn with_lifetime(mut self, token: TokenKind, lifetime: Duration) -> Self {
        self.operations.push(Operation::Lifetime { token, lifetime });
        self
    }
}

#[derive(Clone, Copy)]
enum Target {
    Token(TokenKind),
    Scopes,
}

fn operation(target: Target, written: WrittenOperation) -> Result<Operation, PatchProblem> {
    let WrittenOperation { op, path, value } = written;
    let edit = match (op.as_str(), value) {
        ("add", Some(value)) => Edit::Add(value),
        ("replace", Some(value)) => Edit::Replace(value),
        ("remove", None) => Edit::Remove,
        ("add" | "replace" | "remove", _) => return Err(PatchProblem::Value),
        (_, _) => return Err(PatchProblem::Operation),
    };
    let pointer = Pointer::parse(&path).ok_or(PatchProblem::Path)?;
    match (target, pointer.steps()) {
        (Target::Token(token), [claims, _, ..]) if claims == "claims" => {
            Ok(Operation::Claim { token, at: pointer.below(), edit })
        }
        (Target::Token(token), [one, two, three])
            if [one.as_str(), two, three] == ["token", "lifetime", "expiration"] =>
        {
            match edit {
                Edit::Replace(value) | Edit::Add(value) => {
                    let seconds = value.as_u64().ok_or(PatchProblem::Lifetime)?;
                    Ok(Operation::Lifetime { token, lifetime: Duration::from_secs(seconds) })
                }
                Edit::Remove => Err(PatchProblem::Operation),
            }
        }
        (Target::Scopes, [scopes, name]) if scopes == "scopes" => match edit {
            Edit::Remove => {
                Scope::parse(name).map(Operation::DropScope).map_err(|_| PatchProblem::Path)
            }
            // A scope can only be taken away.
            Edit::Add(_) | Edit::Replace(_) => Err(PatchProblem::Operation),
        },
        (_, _) => Err(PatchProblem::Path),
    }
}

/// Tells whether a hook may change a claim of a kind of token.
fn may_change(token: TokenKind, name: &str, may_set: &BTreeSet<SettableClaim>) -> bool {
    let settable = SettableClaim::ALL.iter().find(|(known, _)| *known == name);
    match settable {
        Some((_, claim)) if token == TokenKind::Access => may_set.contains(claim),
        _ => !is_reserved(token, name),
    }
}

#[cfg(test)]
mod tests;
