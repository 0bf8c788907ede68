//! Audit events: what is remembered of each decision, without secrets and tokens.
//!
//! An event is written as one flat JSON object, and read back from it.

mod catalog_change;
mod decision_id;
mod event;
mod row;

pub(crate) use catalog_change::catalog_changed;
pub use catalog_change::{Actor, ActorKind, EntityChange};
pub use decision_id::DecisionId;
pub use event::{AuditEvent, ClientDecision, DecisionKind, KeyChange, Outcome, UserChange, What};
pub use row::UnreadableEvent;
