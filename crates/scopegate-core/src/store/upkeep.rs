//! What keeps a storage small.

use std::fmt;

use async_trait::async_trait;

use super::{ArtifactKind, StoreError};
use crate::audit::DecisionId;

/// What keeps a storage small, beside [`Ledger::forget_expired`](super::Ledger::forget_expired).
#[async_trait]
pub trait Upkeep: fmt::Debug + Send + Sync {
    /// How many artifacts of a kind there are; it is not counted further than to a number.
    async fn artifacts(&self, kind: ArtifactKind, at_most: u64) -> Result<u64, StoreError>;

    /// Deletes the audit events whose ids are less than this one; the answer is how many there were.
    ///
    /// There may be millions. They go in transactions that are short enough for those who want to
    /// write meanwhile; if one fails, those before it stay done.
    async fn prune_audit(&self, before: DecisionId) -> Result<u64, StoreError>;
}
