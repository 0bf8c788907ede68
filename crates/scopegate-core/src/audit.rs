//! What is remembered of each decision.

mod catalog_change;
mod decision_id;

use scopegate_claims::UnixTime;
use serde::Serialize;

pub use catalog_change::{Actor, ActorKind, EntityChange, catalog_changed};
pub use decision_id::DecisionId;

/// The kind of event of a token that was asked for.
pub(crate) const TOKEN_GRANT: &str = "app.oauth2.as.token.grant.access_token";

/// The kind of event of a device that a user lets in.
pub(crate) const DEVICE_APPROVAL: &str = "app.oauth2.as.device.approve";

/// The outcome of what was granted.
pub(crate) const ALLOW: &str = "ALLOW";

/// One decision about a token request, without secrets and tokens.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// The decision.
    pub id: DecisionId,
    /// When it was made.
    pub at: UnixTime,
    /// What kind of event it is, in the words of Okta's System Log.
    pub kind: &'static str,
    /// The authorization server.
    pub server: String,
    /// The client.
    pub client: String,
    /// The grant type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// `ALLOW`, or the OAuth error code.
    pub outcome: &'static str,
    /// Why it was refused, or granted in another way than usual; fixed text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The scopes that were granted, or asked for.
    pub scope: String,
    /// The policy and the rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The `jti` of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The id of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The family of refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// From where the request came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How many decisions are counted by this one record; none: it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The change of the catalog that it records.
    #[serde(flatten)]
    pub change: Option<Box<EntityChange>>,
}

impl AuditEvent {
    /// Tells whether it records a token that was issued, or a device that was let in.
    ///
    /// Either may be written with no row of its own: this event is the only trace of it.
    pub fn grants(&self) -> bool {
        self.outcome == ALLOW && [TOKEN_GRANT, DEVICE_APPROVAL].contains(&self.kind)
    }
}
