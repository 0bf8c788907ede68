//! The audit event for a change of a signing key.

use scopegate_claims::UnixTime;

use crate::audit::{Actor, AuditEvent, DecisionId, KeyChange, What};
use crate::store::{KeyMove, KeyPhase};

/// The event for a key that enters a phase; `None` if it only signs longer tokens. The storage
/// writes it together with the move.
pub(super) fn key_step_event(
    step: &KeyMove,
    at: UnixTime,
    actor: Option<&Actor>,
) -> Option<AuditEvent> {
    if let KeyMove::Cover { .. } = step {
        return None;
    }
    let phase = match step.phase() {
        KeyPhase::Announced => KeyChange::Announced,
        KeyPhase::Signing => KeyChange::Signing,
        KeyPhase::Retiring => KeyChange::Retiring,
        KeyPhase::Dropped if actor.is_some() => KeyChange::Revoked,
        KeyPhase::Dropped => KeyChange::Dropped,
    };
    let (server, kid) = (step.server().to_string(), step.kid().to_owned());
    let what = What::KeyMoved { server, kid, phase, actor: actor.cloned() };
    Some(AuditEvent { id: DecisionId::at(at), at, address: None, what })
}
