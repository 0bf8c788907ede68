//! One decision about a client: what is remembered of it, and what the client is told.

use std::net::IpAddr;

use scopegate_claims::UnixTime;

use crate::audit::{AuditEvent, DecisionId};

use crate::authority::Authority;
use crate::catalog::UserId;
use crate::catalog::{AuthorizationServer, Client, ClientAuth};
use crate::endpoints::token::Refused;
use crate::error::{OAuthError, TokenError};
use crate::grants::Denied;
use crate::recording::Remembered;
use crate::store::{Change, StoreError};

/// A decision about a client that is known, while it is made.
#[derive(Clone, Debug)]
pub(crate) struct Deciding<'a> {
    pub(crate) id: DecisionId,
    pub(crate) now: UnixTime,
    /// The kind of event, in the words of Okta's System Log.
    pub(crate) kind: &'static str,
    pub(crate) server: &'a AuthorizationServer,
    pub(crate) client: &'a Client,
    pub(crate) grant_type: Option<&'static str>,
    /// The scopes that are asked for, as text.
    pub(crate) scope: String,
    /// Why it is decided in another way than usual.
    pub(crate) reason: Option<&'static str>,
    pub(crate) user: Option<UserId>,
    pub(crate) address: Option<IpAddr>,
}

impl<'a> Deciding<'a> {
    /// A new decision, of which nothing more is known.
    pub(crate) fn new(
        kind: &'static str,
        server: &'a AuthorizationServer,
        client: &'a Client,
        now: UnixTime,
    ) -> Self {
        Self {
            id: DecisionId::at(now),
            now,
            kind,
            server,
            client,
            grant_type: None,
            scope: String::new(),
            reason: None,
            user: None,
            address: None,
        }
    }

    /// The event of a decision that allows.
    pub(crate) fn granted(&self) -> AuditEvent {
        self.event("ALLOW")
    }

    /// The event of a decision that refuses.
    pub(crate) fn refused(&self, answer: &OAuthError) -> AuditEvent {
        AuditEvent { reason: Some(answer.description), ..self.event(answer.error.as_str()) }
    }

    fn event(&self, outcome: &'static str) -> AuditEvent {
        AuditEvent {
            id: self.id,
            at: self.now,
            kind: self.kind,
            server: self.server.id.as_str().to_owned(),
            client: self.client.id.as_str().to_owned(),
            grant_type: self.grant_type.map(str::to_owned),
            outcome,
            reason: self.reason,
            scope: self.scope.clone(),
            rule: None,
            token_id: None,
            user: self.user.as_ref().map(|user| user.as_str().to_owned()),
            family: None,
            address: self.address.map(|address| address.to_string()),
            count: None,
            change: None,
        }
    }
}

impl Authority {
    /// Remembers a refusal, what follows from it, and that the client's proof is used up.
    pub(crate) async fn refuse(
        &self,
        deciding: &Deciding<'_>,
        mut proved: Vec<Change>,
        denied: Denied,
    ) -> Refused {
        let Denied { error, changes } = denied;
        let remembered = match error {
            // Nothing was decided: the client may come again with the same proof.
            TokenError::AuditQueueFull
            | TokenError::KeysUnavailable
            | TokenError::Overdue
            | TokenError::Signing(_)
            | TokenError::Storage(_)
            | TokenError::TooManyDeviceRequests(_)
            | TokenError::TooManyPushedRequests(_)
            | TokenError::TooManyWaiting(_) => return error.into(),
            // The proof itself was used before, so nobody is authenticated; somebody has tried.
            TokenError::InvalidClient(_) => {
                let answer = OAuthError::from(&error);
                return match self.record_unproved(deciding, Vec::new(), &answer).await {
                    Ok(_) => error.into(),
                    Err(error) => error.into(),
                };
            }
            // Nothing was decided, and the device asks again in a few seconds: the log knows of it, and
            // the audit records nothing.
            TokenError::AuthorizationPending | TokenError::SlowDown => {
                proved.extend(changes);
                self.write_any(&proved).await.map(|()| deciding.id)
            }
            _ => {
                proved.extend(changes);
                self.record_refusal(deciding, proved, &OAuthError::from(&error)).await
            }
        };
        match remembered {
            Ok(decision) => Refused { error, decision: Some(decision) },
            Err(error) => error.into(),
        }
    }

    /// Remembers what a client is told, with what goes with it. The answer is the id of the record.
    pub(crate) async fn record_refusal(
        &self,
        deciding: &Deciding<'_>,
        changes: Vec<Change>,
        answer: &OAuthError,
    ) -> Result<DecisionId, TokenError> {
        match deciding.client.spec.auth {
            ClientAuth::None => self.record_unproved(deciding, changes, answer).await,
            ClientAuth::ClientSecretBasic
            | ClientAuth::ClientSecretPost
            | ClientAuth::PrivateKeyJwt => self.record_decision(deciding, changes, answer).await,
        }
    }

    /// Remembers a refusal of whoever did not prove to be the client: when there are many in a minute,
    /// they are only counted.
    async fn record_unproved(
        &self,
        deciding: &Deciding<'_>,
        mut changes: Vec<Change>,
        answer: &OAuthError,
    ) -> Result<DecisionId, TokenError> {
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
    ) -> Result<DecisionId, TokenError> {
        changes.push(Change::Audit(deciding.refused(answer)));
        self.write_any(&changes).await.map(|()| deciding.id)
    }

    async fn write_any(&self, changes: &[Change]) -> Result<(), TokenError> {
        match changes.is_empty() {
            true => Ok(()),
            false => self.store.commit(changes).await.map_err(replayed),
        }
    }
}

/// What can be used once was used before: the client's assertion.
pub(crate) fn replayed(error: StoreError) -> TokenError {
    match error {
        StoreError::Conflict => TokenError::InvalidClient("the assertion was used before"),
        error => TokenError::Storage(error),
    }
}
