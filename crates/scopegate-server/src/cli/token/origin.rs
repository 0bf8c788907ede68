//! What the store knows about a token: who granted it, by which rule, and whether it still holds.

use std::error::Error;
use std::time::Duration;

use scopegate_claims::{Claims, Issuer, UnixTime};
use scopegate_core::audit::{AuditEvent, ClientDecision, DecisionId, DecisionKind};
use scopegate_core::catalog::{ServerId, Snapshot, UserId};
use scopegate_core::store::{
    AuditFilter, CatalogStore, FamilyState, Records, Review, Standing, TokenMark,
};
use scopegate_core::token::TokenId;
use scopegate_jose::sha256;
use scopegate_store::SqlStore;
use serde_json::{Value, json};

use super::verdict::Reason;
use crate::cli::failure::CliError;
use crate::cli::time_text;

/// How much later than `iat` a decision may be recorded, in seconds. It is the same moment, unless the
/// clock was set.
const AROUND: Duration = Duration::from_secs(2);

/// Events that are compared with a token, at most.
const MOST_EVENTS: u32 = 10_000;

/// What the store knows about a token.
pub(super) struct Origin {
    standing: Standing,
    /// Whether the client of the token is active; `None` if it does not exist.
    client: Option<bool>,
    /// Whether the server is active; `None` if it does not exist.
    server: Option<bool>,
    /// The event of the decision. `None` if it is not in the audit log.
    decision: Option<AuditEvent>,
}

impl Origin {
    /// Looks a token up, by the claims that its signature vouches for.
    pub(super) async fn look_up(
        store: &SqlStore,
        base: &Issuer,
        server: &ServerId,
        claims: &Claims,
    ) -> Result<Self, CliError> {
        let failed = |error: &dyn Error| CliError::failed(error);
        let jti = claims.token_id().unwrap_or_default();
        let subject = claims.user_id().or(claims.subject()).unwrap_or_default();
        let mark = TokenMark {
            jti_sha256: sha256(jti.as_bytes()),
            family: TokenId::family_of(jti),
            user: UserId::parse(subject).ok(),
        };
        let standing = store.standing(&mark).await.map_err(|error| failed(&error))?;
        let changes = store.catalog_since(0).await.map_err(|error| failed(&error))?;
        let catalog = Snapshot::empty(base).after(changes);
        let client = catalog.client(claims.client_id().unwrap_or_default());
        let client = client.map_err(|row| failed(&*row))?.map(|one| one.spec.status.is_active());
        let server = catalog.server(server).map_err(|row| failed(&*row))?;
        let server = server.map(|one| one.spec.status.is_active());
        let decision = find_decision(store, claims).await?;
        Ok(Self { standing, client, server, decision })
    }

    /// Why the authorization server no longer stands by the token.
    pub(super) fn reasons(&self, claims: &Claims, now: UnixTime) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut add = |code, text: &str| reasons.push(Reason::new(code, text));
        if self.standing.revoked {
            add("revoked", "it was revoked");
        }
        match self.standing.family {
            None | Some(FamilyState::Active) => {}
            Some(FamilyState::Ended) => {
                add("family_ended", "its family of refresh tokens was ended")
            }
            Some(FamilyState::Absent) => {
                add("family_ended", "its family of refresh tokens is gone")
            }
        }
        if self.standing.user_active == Some(false) {
            add("user_inactive", "its user was disabled or deleted");
        }
        match self.client {
            Some(true) => {}
            Some(false) => add("client_inactive", "its client is disabled"),
            None => add("client_gone", "its client does not exist"),
        }
        match self.server {
            Some(true) => {}
            Some(false) => add("server_inactive", "its authorization server is out of use"),
            None => add("server_gone", "its authorization server does not exist"),
        }
        if !reasons.is_empty() && now < claims.expires_at() {
            let end = time_text::show(claims.expires_at(), now);
            let text =
                format!("a service that does not ask for introspection accepts it until {end}");
            reasons.push(Reason::new("accepted_offline", text));
        }
        reasons
    }

    /// One line about the grant.
    pub(super) fn line(&self, now: UnixTime) -> String {
        let Some((event, decision)) = self.granted() else {
            return "granted    by a decision that is not in the audit log".to_owned();
        };
        let rule = decision.rule.as_deref().map_or_else(
            || "without a rule of a policy".to_owned(),
            |rule| format!("by the rule `{rule}` of `{}`", decision.server),
        );
        let at = time_text::show(event.at, now);
        format!("granted    {rule}, {at}, decision {}", event.id)
    }

    /// The members for JSON.
    pub(super) fn json(&self) -> Value {
        let granted = self.granted();
        let status = |active| if active { "active" } else { "inactive" };
        let family = self.standing.family.map(|family| match family {
            FamilyState::Absent => "absent",
            FamilyState::Active => "active",
            FamilyState::Ended => "ended",
        });
        json!({
            "rule": granted.and_then(|(_, decision)| decision.rule.as_deref()),
            "decision_id": granted.map(|(event, _)| event.id),
            "granted_at": granted.map(|(event, _)| time_text::rfc3339(event.at)),
            "grant_type": granted.and_then(|(_, decision)| decision.grant_type.as_deref()),
            "standing": {
                "revoked": self.standing.revoked,
                "family": family,
                "user": self.standing.user_active.map(status),
                "client": self.client.map_or("absent", status),
                "server": self.server.map_or("absent", status),
            },
        })
    }

    fn granted(&self) -> Option<(&AuditEvent, &ClientDecision)> {
        let event = self.decision.as_ref()?;
        Some((event, event.decision()?))
    }
}

/// The event of the decision that granted a token. Events are ordered by time, so only those around `iat`
/// are read.
async fn find_decision(store: &SqlStore, claims: &Claims) -> Result<Option<AuditEvent>, CliError> {
    let (Some(jti), Some(issued)) = (claims.token_id(), claims.issued_at()) else {
        return Ok(None);
    };
    let filter = AuditFilter {
        since: Some(issued.minus(AROUND)),
        before: Some(DecisionId::first_at(issued.plus(AROUND + Duration::from_secs(1)))),
        client: claims.client_id().map(str::to_owned),
        kind: Some(DecisionKind::TokenGrant.as_str().to_owned()),
        ..AuditFilter::default()
    };
    let events = store.audit_events(&filter, MOST_EVENTS).await;
    let events = events.map_err(|error| CliError::failed(&error))?;
    let mut events = events.iter().filter_map(|event| event.read().ok());
    let is_it = |event: &AuditEvent| {
        event.decision().is_some_and(|decision| decision.token_id.as_deref() == Some(jti))
    };
    Ok(events.find(is_it))
}
