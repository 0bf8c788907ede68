//! Reads for administrators: audit events, and what users and clients have open.

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use serde_json::Value;

use super::{Family, FamilyId, Session, StoreError};
use crate::audit::{AuditEvent, DecisionId, UnreadableEvent};
use crate::catalog::{ClientId, ServerId, UserId};

/// Reads for administrators. Requests of clients and users do not use them.
#[async_trait]
pub trait Review: fmt::Debug + Send + Sync {
    /// The newest audit events that match a filter, newest first, at most `limit`.
    async fn audit_events(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The sessions of a user, the last used first. Some may have expired.
    async fn sessions_of(&self, user: &UserId) -> Result<Vec<Session>, StoreError>;

    /// The families of a user that were not ended early, the last used first. Some may have expired.
    async fn families_of(&self, user: &UserId) -> Result<Vec<Family>, StoreError>;

    /// The families of a client at a server that give tokens, in the order of their ids: those after an id, at
    /// most `limit`.
    async fn families_of_client(
        &self,
        server: &ServerId,
        client: &ClientId,
        after: Option<&FamilyId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<Family>, StoreError>;

    /// The clients with families at a server that give tokens, in the order of their ids: those after an id, at
    /// most `limit`.
    async fn clients_with_families(
        &self,
        server: &ServerId,
        after: Option<&ClientId>,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<ClientId>, StoreError>;

    /// The number of families of a client that were not ended early and have not expired.
    async fn open_families(&self, client: &ClientId, now: UnixTime) -> Result<u64, StoreError>;

    /// When each client was last authenticated, as far as that was [recorded](Self::record_uses).
    async fn client_uses(&self) -> Result<HashMap<String, UnixTime>, StoreError>;

    /// When one client was last authenticated, as far as that was [recorded](Self::record_uses).
    async fn client_use(&self, client: &ClientId) -> Result<Option<UnixTime>, StoreError>;

    /// Records when clients were last authenticated. An earlier time than the recorded one changes
    /// nothing.
    async fn record_uses(&self, uses: &[(ClientId, UnixTime)]) -> Result<(), StoreError>;
}

/// Which audit events are read. An event must match each member that is set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct AuditFilter {
    /// Not before this time.
    pub since: Option<UnixTime>,
    /// Before the event with this id.
    pub before: Option<DecisionId>,
    /// The id of the authorization server.
    pub server: Option<String>,
    /// The client id.
    pub client: Option<String>,
    /// The id of the user.
    pub user: Option<String>,
    /// The stored name of the kind of event.
    pub kind: Option<String>,
    /// Whether the request was granted.
    pub outcome: Option<OutcomeFilter>,
}

/// Whether a request was granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request is granted or refused")]
pub enum OutcomeFilter {
    /// It was granted, or the event is no refusal.
    Allow,
    /// It was refused.
    Refused,
}

impl AuditFilter {
    /// Tells whether the filter excludes the [frequent](AuditEvent::is_frequent) events, so that a
    /// storage can use its indexes of the others.
    pub fn excludes_frequent(&self) -> bool {
        use crate::audit::DecisionKind::{Introspection, TokenGrant};

        let frequent = [TokenGrant, Introspection].map(crate::audit::DecisionKind::as_str);
        let is_another = |kind: &String| !frequent.contains(&kind.as_str());
        self.outcome == Some(OutcomeFilter::Refused) || self.kind.as_ref().is_some_and(is_another)
    }

    /// Tells whether a stored event matches.
    pub fn matches(&self, event: &StoredEvent) -> bool {
        // The id has the time, and both are compared as a storage compares them.
        let begins = self.since.is_none_or(|since| event.id >= DecisionId::first_at(since));
        let ends = self.before.is_none_or(|before| event.id < before);
        let Ok(body) = serde_json::from_str::<Value>(&event.json) else { return false };
        let is = |name: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| body[name].as_str() == Some(wanted))
        };
        let outcome = body["outcome"].as_str() == Some("ALLOW");
        let outcome = self.outcome.is_none_or(|wanted| outcome == (wanted == OutcomeFilter::Allow));
        let names = is("server", &self.server) && is("client", &self.client);
        begins && ends && outcome && names && is("user", &self.user) && is("kind", &self.kind)
    }
}

/// An audit event as it is stored. A newer version may have written an event that this one cannot read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "storages construct it")]
pub struct StoredEvent {
    /// The id.
    pub id: DecisionId,
    /// The event as one JSON object.
    pub json: String,
}

impl StoredEvent {
    /// Parses the event.
    ///
    /// # Errors
    ///
    /// [`UnreadableEvent`] if this version does not know the kind of event.
    pub fn read(&self) -> Result<AuditEvent, UnreadableEvent> {
        AuditEvent::from_json(&self.json)
    }
}
