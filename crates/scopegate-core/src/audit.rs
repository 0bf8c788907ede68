//! Audit events: a record of each decision and change, without secrets and tokens.
//!
//! An event is stored as one flat JSON object.

mod basis;
mod catalog_change;
mod decision_id;
mod event;
mod hook_run;
mod row;

pub use basis::{Basis, RefusedFacts, TriedRule, WantedKind};
pub(crate) use catalog_change::catalog_changed;
pub use catalog_change::{Actor, ActorKind, EntityChange};
pub use decision_id::{DecisionId, NotADecisionId};
pub use event::{AuditEvent, ClientDecision, DecisionKind, KeyChange, Outcome, UserChange, What};
pub use hook_run::{HookOutcome, HookRun};
pub use row::{UnreadableEvent, event_kinds};
