//! The audit event of a step of a signing key.

use scopegate_claims::UnixTime;

use crate::audit::{ALLOW, AuditEvent, DecisionId};
use crate::store::{KeyMove, KeyPhase};

/// Records that a key enters a phase. The storage writes the event together with the move.
pub(super) fn key_step_event(step: &KeyMove, at: UnixTime) -> AuditEvent {
    AuditEvent {
        id: DecisionId::at(at),
        at,
        kind: match step.phase() {
            KeyPhase::Announced => "app.oauth2.as.key.announce",
            KeyPhase::Signing => "app.oauth2.as.key.sign",
            KeyPhase::Retiring => "app.oauth2.as.key.retire",
            KeyPhase::Dropped => "app.oauth2.as.key.drop",
        },
        server: step.server().to_string(),
        client: String::new(),
        user: None,
        family: None,
        grant_type: None,
        outcome: ALLOW,
        reason: None,
        scope: String::new(),
        rule: None,
        // The record has no member of its own for the id of a key.
        token_id: Some(step.kid().to_owned()),
        address: None,
        count: None,
    }
}
