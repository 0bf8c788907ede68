//! One decision about a client: what is remembered of it, and what the client is told.

use std::net::IpAddr;

use scopegate_claims::UnixTime;

use crate::audit::{AuditEvent, DecisionId};

use crate::catalog::UserId;
use crate::catalog::{AuthorizationServer, Client};
use crate::error::OAuthError;

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
        }
    }
}
