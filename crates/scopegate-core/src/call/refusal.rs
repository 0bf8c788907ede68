//! A refusal, and what is remembered of it.

use super::decision::Deciding;
use crate::audit::DecisionId;
use crate::authority::Authority;
use crate::error::{CallError, OAuthError};
use crate::policy::Malformed;
use crate::recording::Remembered;
use crate::store::{Change, Contested, StoreError};

/// A request of a client that is refused.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the refusal and its record are all there is")]
pub struct Refused<E = CallError> {
    /// Why.
    pub error: E,
    /// The decision, if the client was known by then.
    pub decision: Option<DecisionId>,
}

impl<E: ClientError> From<CallError> for Refused<E> {
    fn from(error: CallError) -> Self {
        Self { error: error.into(), decision: None }
    }
}

/// A refusal, and what must be remembered of it all the same: a replayed code ends what it began.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a grant makes it")]
pub struct Denied<E = CallError> {
    /// Why.
    pub error: E,
    /// What must be remembered, in the transaction that records the refusal.
    pub changes: Vec<Change>,
}

impl<E: ClientError> From<CallError> for Denied<E> {
    fn from(error: CallError) -> Self {
        Self { error: error.into(), changes: Vec::new() }
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

/// Why a request of a client is refused.
pub trait ClientError: From<CallError> {
    /// What is remembered of it.
    fn recording(&self) -> Recording;

    /// What the client learns.
    fn answer(&self) -> OAuthError;

    /// The row that somebody else changed first. Then the request can be decided again.
    fn lost_race(&self) -> Option<Contested>;
}

/// What is remembered of a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recording {
    /// Nothing, because nothing was decided. The client may come again with the same proof.
    Nothing,
    /// An attempt without a proof: the proof of the client was used before.
    Attempt,
    /// That the proof is used up. There is no audit event: a device asks again in a few seconds.
    Proof,
    /// That the proof is used up, and the refusal.
    Refusal,
}

impl Authority {
    /// Remembers a refusal, what follows from it, and that the client's proof is used up.
    pub(crate) async fn refuse<E: ClientError>(
        &self,
        deciding: &Deciding<'_>,
        proved: &[Change],
        denied: Denied<E>,
    ) -> Refused<E> {
        let Denied { error, changes } = denied;
        let changes = || [proved, &changes].concat();
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

    /// Remembers a refusal, with what goes with it. The answer is the id of the record.
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

    /// Remembers a refusal of somebody who did not prove to be the client. If there are many in a minute,
    /// they are only counted.
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

    /// Remembers a decision by a record of its own.
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
        // No wildcard arm: a new variant must choose what is remembered of it.
        match self {
            Self::AuditQueueFull
            | Self::KeysUnavailable
            | Self::Overdue
            | Self::Signing(_)
            | Self::Storage(_)
            | Self::TooManyDeviceRequests(_)
            | Self::TooManyPushedRequests(_)
            | Self::TooManyWaiting(_) => Recording::Nothing,
            Self::InvalidClient(_) => Recording::Attempt,
            Self::AuthorizationPending | Self::SlowDown => Recording::Proof,
            Self::ConsentRequired
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

    fn lost_race(&self) -> Option<Contested> {
        match self {
            Self::Storage(StoreError::Changed(lost)) => Some(*lost),
            _ => None,
        }
    }
}
