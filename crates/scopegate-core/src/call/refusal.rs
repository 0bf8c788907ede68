//! A refused request, and what is stored about it.

use super::decision::Deciding;
use crate::audit::{DecisionId, HookRun, RefusedFacts};
use crate::authority::Authority;
use crate::catalog::UserId;
use crate::error::{CallError, OAuthError};
use crate::policy::Malformed;
use crate::recording::Remembered;
use crate::store::{Change, Contested, StoreError};

/// The refusal of a client's request.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the refusal and its record are all there is")]
pub struct Refused<E = CallError> {
    /// Why the request is refused.
    pub error: E,
    /// The id of the decision, if the client was authenticated.
    pub decision: Option<DecisionId>,
}

impl<E: ClientError> From<CallError> for Refused<E> {
    fn from(error: CallError) -> Self {
        Self { error: error.into(), decision: None }
    }
}

/// A refusal together with changes that must be stored although the request fails. For example, a replayed
/// authorization code revokes the tokens that were issued for it.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "grants construct it")]
pub struct Denied<E = CallError> {
    /// Why the request is refused.
    pub error: E,
    /// The changes to write in the transaction that records the refusal.
    pub changes: Vec<Change>,
    /// The user, if they were known when the request was refused. For the audit log.
    pub user: Option<UserId>,
    /// What policies and hooks had considered, if one of them refused the request.
    pub considered: Option<Box<Considered>>,
}

/// What policies and hooks considered before one of them refused a request.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Considered {
    /// The facts of the policies, with the rules that were tried.
    pub facts: Option<Box<RefusedFacts>>,
    /// What the hooks of the rule did.
    pub hooks: Vec<HookRun>,
}

impl<E> Denied<E> {
    /// A refusal that changes nothing.
    pub(crate) const fn by(error: E) -> Self {
        Self { error, changes: Vec::new(), user: None, considered: None }
    }

    /// The refusal of a request for tokens of this user, if there is one.
    pub(crate) fn about<'u>(self, user: impl Into<Option<&'u UserId>>) -> Self {
        Self { user: user.into().cloned().or(self.user), ..self }
    }
}

impl<E: ClientError> From<CallError> for Denied<E> {
    fn from(error: CallError) -> Self {
        Self::by(error.into())
    }
}

impl<E: ClientError> From<StoreError> for Denied<E> {
    fn from(error: StoreError) -> Self {
        CallError::Storage(error).into()
    }
}

impl<E: ClientError> From<Malformed> for Denied<E> {
    fn from(malformed: Malformed) -> Self {
        CallError::from(malformed).into()
    }
}

/// Why a client's request is refused.
pub trait ClientError: From<CallError> {
    /// What is stored about the refusal.
    fn recording(&self) -> Recording;

    /// The error that is sent to the client.
    fn answer(&self) -> OAuthError;

    /// Why the request is refused, for the audit log, in addition to the answer. It contains no input.
    fn cause(&self) -> Option<String> {
        None
    }

    /// The rule that denies the request, if one does.
    fn denied_by(&self) -> Option<&str> {
        None
    }

    /// What a concurrent commit changed first. `Some` means that the request can be decided again.
    fn lost_race(&self) -> Option<Contested>;
}

/// What is stored about a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recording {
    /// Nothing, because nothing was decided. The client may retry with the same assertion.
    Nothing,
    /// An audit event only. The client is not proved: its assertion was used before.
    Attempt,
    /// That the assertion is used. There is no audit event, because a device polls every few seconds.
    Proof,
    /// That the assertion is used, and an audit event.
    Refusal,
}

impl Authority {
    /// Stores a refusal, its changes, and that the client's assertion is used.
    pub(crate) async fn refuse<E: ClientError>(
        &self,
        deciding: &Deciding<'_>,
        proved: &[Change],
        denied: Denied<E>,
    ) -> Refused<E> {
        let Denied { error, changes, user, considered } = denied;
        let deciding = deciding.after(user, considered);
        let changes = || [proved, &changes].concat();
        let denied_by = error.denied_by().map(str::to_owned);
        let cause = error.cause();
        let deciding = &Deciding { denied_by, cause, ..deciding };
        let recorded = match error.recording() {
            Recording::Nothing => Ok(None),
            Recording::Attempt => {
                self.record_unproved(deciding, Vec::new(), &error.answer()).await.map(|_| None)
            }
            Recording::Proof => self.write_any(&changes()).await.map(|()| Some(deciding.id)),
            Recording::Refusal => {
                self.record_refusal(deciding, changes(), &error.answer()).await.map(Some)
            }
        };
        match recorded {
            Ok(decision) => Refused { error, decision },
            Err(error) => error.into(),
        }
    }

    /// Stores a refusal together with its changes. Returns the id of the audit event.
    async fn record_refusal(
        &self,
        deciding: &Deciding<'_>,
        changes: Vec<Change>,
        answer: &OAuthError,
    ) -> Result<DecisionId, CallError> {
        match deciding.client.spec.auth.is_public() {
            true => self.record_unproved(deciding, changes, answer).await,
            false => self.record_decision(deciding, changes, answer).await,
        }
    }

    /// Stores a refusal of an unauthenticated caller. Beyond a limit per minute, refusals are only counted.
    async fn record_unproved(
        &self,
        deciding: &Deciding<'_>,
        mut changes: Vec<Change>,
        answer: &OAuthError,
    ) -> Result<DecisionId, CallError> {
        let Deciding { client, address, now, .. } = *deciding;
        match self.refusals.of_client(&client.id, address, now) {
            Remembered::Recorded => self.record_decision(deciding, changes, answer).await,
            Remembered::Counted(id) => {
                changes.retain(|change| self.refusals.keeps(change, now));
                self.write_any(&changes).await.map(|()| id)
            }
        }
    }

    /// Stores a refusal as an audit event of its own.
    pub(crate) async fn record_decision(
        &self,
        deciding: &Deciding<'_>,
        mut changes: Vec<Change>,
        answer: &OAuthError,
    ) -> Result<DecisionId, CallError> {
        changes.push(Change::Audit(deciding.event(deciding.refused(answer))));
        self.write_any(&changes).await.map(|()| deciding.id)
    }

    /// Writes changes, if there are any. A conflict means that the client's assertion was used before.
    pub(crate) async fn write_any(&self, changes: &[Change]) -> Result<(), CallError> {
        match changes.is_empty() {
            true => Ok(()),
            false => self.store.commit(changes).await.map_err(replayed),
        }
    }
}

/// The only conflict of such a commit is the client's assertion, which was used before.
pub(crate) fn replayed(error: StoreError) -> CallError {
    match error {
        StoreError::Conflict => CallError::InvalidClient("the assertion was used before"),
        error => CallError::Storage(error),
    }
}

impl ClientError for CallError {
    fn recording(&self) -> Recording {
        // No wildcard arm: each new variant must choose what is stored about it.
        match self {
            Self::AuditQueueFull
            | Self::KeysUnavailable
            | Self::Overdue
            | Self::SignerUnavailable(_)
            | Self::Signing(_)
            | Self::Storage(_)
            | Self::TooManyDeviceRequests(_)
            | Self::TooManyPushedRequests(_)
            | Self::TooManyWaiting(_) => Recording::Nothing,
            Self::InvalidClient(_) => Recording::Attempt,
            Self::AuthorizationPending | Self::SlowDown => Recording::Proof,
            Self::ClaimFailed { .. }
            | Self::HookFailed { .. }
            | Self::HooksLeftNoScope
            | Self::RefusedByHook { .. }
            | Self::ConsentRequired
            | Self::DeniedByRule(_)
            | Self::DeviceDenied
            | Self::ExpiredToken
            | Self::Form(_)
            | Self::InsufficientScope
            | Self::InvalidGrant(_)
            | Self::InvalidRequest(_)
            | Self::InvalidScope(_)
            | Self::InvalidTarget
            | Self::InvalidToken(_)
            | Self::NoMatchingRule
            | Self::NotAssigned
            | Self::SeveralClientAuthentications
            | Self::TooManyGroups
            | Self::UnacceptableToken(_)
            | Self::UnauthorizedClient
            | Self::UnknownServer
            | Self::UnsupportedGrantType
            | Self::UntrustedServer => Recording::Refusal,
        }
    }

    fn answer(&self) -> OAuthError {
        self.into()
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::ClaimFailed { claim, why } => Some(format!("{claim:?}: {why}")),
            Self::HookFailed { hook, why, .. } => Some(format!("{hook:?}: {why}")),
            Self::RefusedByHook { hook, .. } => Some(format!("{hook:?}")),
            _ => None,
        }
    }

    fn denied_by(&self) -> Option<&str> {
        self.denying_rule()
    }

    fn lost_race(&self) -> Option<Contested> {
        match self {
            Self::Storage(StoreError::Changed(lost)) => Some(*lost),
            _ => None,
        }
    }
}
