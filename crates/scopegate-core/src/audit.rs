//! Audit events: what is remembered of each decision, without secrets and tokens.
//!
//! An event is written as one flat JSON object, and read back from it.

mod decision_id;
mod event;
mod row;

pub use decision_id::DecisionId;
pub use event::{AuditEvent, ClientDecision, DecisionKind, KeyChange, Outcome, UserChange, What};
pub use row::UnreadableEvent;
