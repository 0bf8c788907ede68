//! The way of an audit event to the storage.

mod queue;
mod refusals;

pub use queue::{AuditQueue, Place};
pub(crate) use refusals::{MOST_ROWS, Refusals, Remembered};
