//! How audit events are recorded: a queue of successful decisions, and counts of refusals.

mod queue;
mod refusals;

pub use queue::{AuditQueue, Place};
pub(crate) use refusals::{MOST_ROWS, Refusals, Remembered};
