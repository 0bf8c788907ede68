//! Writes and reads the stored form of an audit event, which is one flat JSON object.

use std::borrow::Cow;
use std::time::Duration;

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Actor, AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, EntityChange, HookRun,
    KeyChange, Outcome, RefusedFacts, UserChange, What,
};

/// The members of the JSON object. When an event is written, the texts are borrowed.
#[derive(Deserialize, Serialize)]
struct Row<'a> {
    id: DecisionId,
    at: UnixTime,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    server: Cow<'a, str>,
    #[serde(default)]
    client: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant_type: Option<Cow<'a, str>>,
    outcome: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default)]
    scope: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    catalog: Option<u64>,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    facts: Option<Cow<'a, RefusedFacts>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hooks: Option<Cow<'a, [HookRun]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<Cow<'a, Actor>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cow<'a, Value>>,
}

/// A stored event that this version cannot read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an audit event cannot be read: {0}")]
pub struct UnreadableEvent(String);

const ORG: &str = "org";
const FAILURE: &str = "FAILURE";
const STARTED: &str = "user.session.start";
const ENDED: &str = "user.session.end";
const CATALOG_CHANGED: &str = "catalog.entity.change";
const FAMILIES_ENDED: &str = "app.oauth2.as.tokens.end";
const COUNTED: &str = "app.oauth2.as.refusals";
const UNAUTHENTICATED: &str = "unknown client";
const WRONG_PASSWORD: &str = "invalid credentials";
const WHY_COUNTED: &str = "These refusals are counted, not recorded one by one.";

/// The stored names of all kinds of events.
pub fn event_kinds() -> impl Iterator<Item = &'static str> {
    let decisions = DecisionKind::ALL.iter().map(|kind| kind.as_str());
    let users = UserChange::ALL.iter().map(|kind| kind.as_str());
    let keys = KeyChange::ALL.iter().map(|kind| kind.as_str());
    let others = [STARTED, ENDED, CATALOG_CHANGED, FAMILIES_ENDED, COUNTED].into_iter();
    decisions.chain(users).chain(keys).chain(others)
}

impl AuditEvent {
    /// The stored JSON of the event.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.row()).expect("an event has text keys only")
    }

    /// Parses a stored event.
    ///
    /// # Errors
    ///
    /// [`UnreadableEvent`] if this version does not know the kind of event.
    pub fn from_json(json: &str) -> Result<Self, UnreadableEvent> {
        let row: Row<'_> =
            serde_json::from_str(json).map_err(|error| UnreadableEvent(error.to_string()))?;
        let (id, at) = (row.id, row.at);
        let address = row.address.clone().map(Cow::into_owned);
        Ok(Self { id, at, address, what: row.what()? })
    }

    /// The ids of the authorization server and of the client. Each may be empty.
    pub fn server_and_client(&self) -> (&str, &str) {
        match &self.what {
            What::Decision(decision) => (&decision.server, &decision.client),
            What::ClientAuthenticationFailed { .. } => ("", UNAUTHENTICATED),
            What::RefusalsCounted { client, .. } => ("", client),
            What::KeyMoved { server, .. } => (server, ""),
            What::FamiliesEnded { server, client, .. } => (server, client),
            What::CatalogChanged(change) => (&change.server, &change.client),
            What::SessionStarted { .. }
            | What::SignInFailed { .. }
            | What::SessionEnded { .. }
            | What::UserChanged { .. } => (ORG, ""),
        }
    }

    /// The id of the user that the event is about. `None` if it is about none, or about an unknown one.
    pub fn user(&self) -> Option<&str> {
        match &self.what {
            What::Decision(decision) => decision.user.as_deref(),
            What::SessionStarted { user } | What::UserChanged { user, .. } => Some(user),
            What::SignInFailed { user } | What::SessionEnded { user } => user.as_deref(),
            What::ClientAuthenticationFailed { .. }
            | What::RefusalsCounted { .. }
            | What::KeyMoved { .. }
            | What::FamiliesEnded { .. }
            | What::CatalogChanged(_) => None,
        }
    }

    /// Tells whether the event is one of those that a busy server records with every request: an issued
    /// token, or an introspection that was answered.
    pub fn is_frequent(&self) -> bool {
        self.decision().is_some_and(|decision| {
            let frequent = [DecisionKind::TokenGrant, DecisionKind::Introspection];
            decision.outcome == Outcome::Allow && frequent.contains(&decision.kind)
        })
    }

    /// The stored names of the kind of event and of its outcome.
    pub fn kind_and_outcome(&self) -> (&str, &str) {
        match &self.what {
            What::Decision(decision) => (decision.kind.as_str(), decision.outcome.as_str()),
            What::ClientAuthenticationFailed { .. } | What::RefusalsCounted { .. } => {
                (COUNTED, FAILURE)
            }
            What::SessionStarted { .. } => (STARTED, Outcome::ALLOW),
            What::SignInFailed { .. } => (STARTED, FAILURE),
            What::SessionEnded { .. } => (ENDED, Outcome::ALLOW),
            What::UserChanged { change, .. } => (change.as_str(), Outcome::ALLOW),
            What::KeyMoved { phase, .. } => (phase.as_str(), Outcome::ALLOW),
            What::FamiliesEnded { .. } => (FAMILIES_ENDED, Outcome::ALLOW),
            What::CatalogChanged(_) => (CATALOG_CHANGED, Outcome::ALLOW),
        }
    }

    fn row(&self) -> Row<'_> {
        let (server, client) = self.server_and_client();
        let (kind, outcome) = self.kind_and_outcome();
        let row = Row {
            id: self.id,
            at: self.at,
            kind: kind.into(),
            server: server.into(),
            client: client.into(),
            outcome: outcome.into(),
            grant_type: None,
            reason: None,
            scope: Cow::Borrowed(""),
            rule: None,
            token_id: None,
            user: None,
            family: None,
            address: self.address.as_deref().map(Cow::Borrowed),
            count: None,
            catalog: None,
            lifetime: None,
            facts: None,
            hooks: None,
            actor: None,
            before: None,
            after: None,
        };
        match &self.what {
            What::Decision(decision) => decision.fill(row),
            What::ClientAuthenticationFailed { count } | What::RefusalsCounted { count, .. } => {
                Row { count: Some(*count), reason: Some(WHY_COUNTED.into()), ..row }
            }
            What::SignInFailed { user } => Row {
                user: user.as_deref().map(Cow::Borrowed),
                reason: Some(WRONG_PASSWORD.into()),
                ..row
            },
            What::KeyMoved { kid, actor, .. } => {
                Row { token_id: Some(kid.into()), actor: actor.as_ref().map(Cow::Borrowed), ..row }
            }
            What::FamiliesEnded { actor, family, count, .. } => Row {
                actor: Some(Cow::Borrowed(actor)),
                family: family.as_deref().map(Cow::Borrowed),
                count: Some(*count),
                ..row
            },
            What::CatalogChanged(change) => Row {
                actor: Some(Cow::Borrowed(&change.actor)),
                before: change.before.as_ref().map(Cow::Borrowed),
                after: change.after.as_ref().map(Cow::Borrowed),
                ..row
            },
            What::SessionEnded { user } => Row { user: user.as_deref().map(Cow::Borrowed), ..row },
            What::SessionStarted { user } => Row { user: Some(user.into()), ..row },
            What::UserChanged { actor, user, .. } => {
                Row { user: Some(user.into()), actor: actor.as_ref().map(Cow::Borrowed), ..row }
            }
        }
    }
}

impl ClientDecision {
    fn fill<'a>(&'a self, row: Row<'a>) -> Row<'a> {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        Row {
            grant_type: text(&self.grant_type),
            reason: self.reason.as_deref().map(Cow::Borrowed),
            scope: self.scope.as_str().into(),
            rule: text(&self.rule),
            token_id: text(&self.token_id),
            user: text(&self.user),
            family: text(&self.family),
            catalog: self.basis.catalog,
            lifetime: self.basis.lifetime.map(|lifetime| lifetime.as_secs()),
            facts: self.basis.facts.as_deref().map(Cow::Borrowed),
            hooks: match self.basis.hooks.as_slice() {
                [] => None,
                hooks => Some(Cow::Borrowed(hooks)),
            },
            ..row
        }
    }
}

impl Row<'_> {
    fn what(self) -> Result<What, UnreadableEvent> {
        let user = self.user.clone().map(Cow::into_owned);
        let needed = || UnreadableEvent(format!("{} without a user", self.kind));
        Ok(match (&*self.kind, &*self.outcome) {
            (STARTED, Outcome::ALLOW) => What::SessionStarted { user: user.ok_or_else(needed)? },
            (STARTED, _) => What::SignInFailed { user },
            (ENDED, _) => What::SessionEnded { user },
            (CATALOG_CHANGED, _) => {
                let nobody = || UnreadableEvent(format!("{CATALOG_CHANGED} without an actor"));
                What::CatalogChanged(Box::new(EntityChange {
                    actor: self.actor.ok_or_else(nobody)?.into_owned(),
                    server: self.server.into_owned(),
                    client: self.client.into_owned(),
                    before: self.before.map(Cow::into_owned),
                    after: self.after.map(Cow::into_owned),
                }))
            }
            (FAMILIES_ENDED, _) => {
                let nobody = || UnreadableEvent(format!("{FAMILIES_ENDED} without an actor"));
                What::FamiliesEnded {
                    actor: self.actor.ok_or_else(nobody)?.into_owned(),
                    server: self.server.into_owned(),
                    client: self.client.into_owned(),
                    family: self.family.map(Cow::into_owned),
                    count: self.count.unwrap_or_default(),
                }
            }
            (COUNTED, _) => {
                let count = self.count.unwrap_or_default();
                match &*self.client {
                    UNAUTHENTICATED => What::ClientAuthenticationFailed { count },
                    client => What::RefusalsCounted { client: client.to_owned(), count },
                }
            }
            (kind, _) => {
                if let Some(change) = UserChange::named(kind) {
                    let user = user.ok_or_else(needed)?;
                    let actor = self.actor.map(Cow::into_owned);
                    return Ok(What::UserChanged { actor, user, change });
                }
                if let Some(phase) = KeyChange::named(kind) {
                    let kid = self.token_id.unwrap_or_default().into_owned();
                    let (server, actor) = (self.server.into_owned(), self.actor);
                    let actor = actor.map(Cow::into_owned);
                    return Ok(What::KeyMoved { server, kid, phase, actor });
                }
                let known = DecisionKind::named(kind);
                let kind = known.ok_or_else(|| UnreadableEvent(format!("the kind {kind}")))?;
                What::Decision(Box::new(self.decision(kind)))
            }
        })
    }

    fn decision(self, kind: DecisionKind) -> ClientDecision {
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        ClientDecision {
            kind,
            server: self.server.into_owned(),
            client: self.client.into_owned(),
            grant_type: text(self.grant_type),
            outcome: match self.outcome.into_owned() {
                outcome if outcome == Outcome::ALLOW => Outcome::Allow,
                code => Outcome::Refused(code.into()),
            },
            reason: text(self.reason).map(Cow::Owned),
            scope: self.scope.into_owned(),
            rule: text(self.rule),
            token_id: text(self.token_id),
            user: text(self.user),
            family: text(self.family),
            basis: Basis {
                catalog: self.catalog,
                lifetime: self.lifetime.map(Duration::from_secs),
                facts: self.facts.map(|facts| Box::new(facts.into_owned())),
                hooks: self.hooks.map(Cow::into_owned).unwrap_or_default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::TriedRule;

    fn event(what: What) -> AuditEvent {
        let at = UnixTime::from_seconds(1_800_000_000);
        AuditEvent { id: DecisionId::at(at), at, address: Some("192.0.2.1".to_owned()), what }
    }

    fn decision(outcome: Outcome) -> ClientDecision {
        ClientDecision {
            kind: DecisionKind::TokenGrant,
            server: "default".to_owned(),
            client: "reader".to_owned(),
            grant_type: Some("client_credentials".to_owned()),
            outcome,
            reason: None,
            scope: "read:orders".to_owned(),
            rule: Some("machines/read".to_owned()),
            token_id: Some("AT.x".to_owned()),
            user: None,
            family: None,
            basis: Basis::default(),
        }
    }

    fn refused_with_facts() -> ClientDecision {
        let facts = RefusedFacts {
            scopes: "read write".to_owned(),
            tried: vec![TriedRule("p".to_owned(), "r".to_owned(), None)],
            ..RefusedFacts::default()
        };
        let basis = Basis {
            catalog: Some(7),
            lifetime: None,
            facts: Some(Box::new(facts)),
            hooks: Vec::new(),
        };
        ClientDecision { basis, ..decision(Outcome::Refused("access_denied".into())) }
    }

    #[test]
    fn events_are_read_back_unchanged() {
        let user = || "00u1".to_owned();
        for what in [
            What::Decision(Box::new(decision(Outcome::Allow))),
            What::Decision(Box::new(decision(Outcome::Refused("invalid_grant".into())))),
            What::Decision(Box::new(refused_with_facts())),
            What::Decision(Box::new(ClientDecision {
                basis: Basis {
                    catalog: Some(7),
                    lifetime: Some(Duration::from_secs(600)),
                    facts: None,
                    hooks: Vec::new(),
                },
                ..decision(Outcome::Allow)
            })),
            What::ClientAuthenticationFailed { count: 3 },
            What::RefusalsCounted { client: "tv".to_owned(), count: 9 },
            What::SessionStarted { user: user() },
            What::SignInFailed { user: None },
            What::SignInFailed { user: Some(user()) },
            What::SessionEnded { user: Some(user()) },
            What::UserChanged { actor: None, user: user(), change: UserChange::Password },
            What::FamiliesEnded {
                actor: Actor::api("root"),
                server: "default".into(),
                client: "portal".into(),
                family: None,
                count: 3,
            },
            What::UserChanged {
                actor: Some(Actor::cli("users delete")),
                user: user(),
                change: UserChange::Deleted,
            },
            What::KeyMoved { server: user(), kid: user(), phase: KeyChange::Retiring, actor: None },
            What::KeyMoved {
                server: user(),
                kid: user(),
                phase: KeyChange::Revoked,
                actor: Some(Actor::cli("keys revoke")),
            },
            What::CatalogChanged(Box::new(EntityChange {
                actor: Actor::cli("clients create"),
                server: String::new(),
                client: user(),
                before: None,
                after: Some(serde_json::json!({ "kind": "client", "spec": {} })),
            })),
        ] {
            let event = event(what);
            assert_eq!(AuditEvent::from_json(&event.to_json()), Ok(event));
        }
    }

    #[test]
    fn a_row_has_the_same_members_as_in_earlier_versions() {
        let mut event = event(What::Decision(Box::new(decision(Outcome::Allow))));
        event.address = None;
        let id = event.id;
        assert_eq!(
            event.to_json(),
            format!(
                r#"{{"id":"{id}","at":1800000000,"kind":"app.oauth2.as.token.grant.access_token","server":"default","client":"reader","grant_type":"client_credentials","outcome":"ALLOW","scope":"read:orders","rule":"machines/read","token_id":"AT.x"}}"#
            )
        );
    }

    #[test]
    fn an_event_of_an_unknown_kind_is_not_read() {
        let id = DecisionId::at(UnixTime::from_seconds(1));
        let json = format!(r#"{{"id":"{id}","at":1,"kind":"unknown.kind","outcome":"ALLOW"}}"#);
        assert!(AuditEvent::from_json(&json).is_err());
    }

    #[test]
    fn only_issued_tokens_and_approved_devices_are_grants() {
        let of = |kind, outcome| {
            event(What::Decision(Box::new(ClientDecision { kind, ..decision(outcome) }))).grants()
        };
        assert!(of(DecisionKind::TokenGrant, Outcome::Allow));
        assert!(of(DecisionKind::DeviceApproval, Outcome::Allow));
        assert!(!of(DecisionKind::TokenGrant, Outcome::Refused("invalid_grant".into())));
        assert!(!of(DecisionKind::AuthorizationCode, Outcome::Allow));
        assert!(!event(What::SessionStarted { user: "u".to_owned() }).grants());
    }
}
