//! A decision about a client's request, while it is being made.

use std::borrow::Cow;
use std::net::IpAddr;

use scopegate_claims::UnixTime;

use super::Considered;
use crate::audit::{AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What};
use crate::catalog::{AuthorizationServer, Client, UserId};
use crate::error::OAuthError;

/// A decision about the request of a known client, while it is being made.
#[derive(Clone, Debug)]
pub(crate) struct Deciding<'a> {
    pub(crate) id: DecisionId,
    pub(crate) now: UnixTime,
    /// The kind of request.
    pub(crate) kind: DecisionKind,
    pub(crate) server: &'a AuthorizationServer,
    pub(crate) client: &'a Client,
    pub(crate) grant_type: Option<&'static str>,
    /// The requested scopes, separated by spaces.
    pub(crate) scope: String,
    /// Why the request is not decided in the usual way.
    pub(crate) reason: Option<&'static str>,
    /// Why the request is refused, in addition to what the client is told.
    pub(crate) cause: Option<String>,
    /// The rule that denies the request.
    pub(crate) denied_by: Option<String>,
    pub(crate) user: Option<UserId>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) basis: Basis,
}

impl<'a> Deciding<'a> {
    /// A new decision. All optional members are empty.
    pub(crate) fn new(
        kind: DecisionKind,
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
            cause: None,
            denied_by: None,
            user: None,
            address: None,
            basis: Basis::default(),
        }
    }

    /// The same decision, with the user, the facts and the runs of hooks that became known while it was made.
    pub(crate) fn after(&self, user: Option<UserId>, considered: Option<Box<Considered>>) -> Self {
        let mut after = self.clone();
        after.user = user.or(after.user);
        if let Some(considered) = considered {
            let Considered { facts, hooks } = *considered;
            after.basis.facts = facts.or(after.basis.facts);
            after.basis.hooks = hooks;
        }
        after
    }

    /// The decision to allow the request.
    pub(crate) fn allowed(&self) -> ClientDecision {
        self.decision(Outcome::Allow, self.reason.map(Cow::Borrowed))
    }

    /// The decision to refuse the request.
    pub(crate) fn refused(&self, answer: &OAuthError) -> ClientDecision {
        let outcome = Outcome::Refused(answer.error.as_str().into());
        let reason = match &self.cause {
            None => Cow::Borrowed(answer.description),
            Some(cause) => Cow::Owned(format!("{} {cause}", answer.description)),
        };
        self.decision(outcome, Some(reason))
    }

    /// The audit event for a decision.
    pub(crate) fn event(&self, decision: ClientDecision) -> AuditEvent {
        AuditEvent {
            id: self.id,
            at: self.now,
            address: self.address.map(|address| address.to_string()),
            what: What::Decision(Box::new(decision)),
        }
    }

    fn decision(&self, outcome: Outcome, reason: Option<Cow<'static, str>>) -> ClientDecision {
        ClientDecision {
            kind: self.kind,
            server: self.server.id.as_str().to_owned(),
            client: self.client.id.as_str().to_owned(),
            grant_type: self.grant_type.map(str::to_owned),
            outcome,
            reason,
            scope: self.scope.clone(),
            rule: self.denied_by.clone(),
            token_id: None,
            user: self.user.as_ref().map(|user| user.as_str().to_owned()),
            family: None,
            basis: self.basis.clone(),
        }
    }
}
