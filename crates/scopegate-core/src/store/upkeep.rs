//! Keeps a storage small.

use std::fmt;

use async_trait::async_trait;

use super::{ArtifactKind, StoreError};
use crate::audit::DecisionId;

/// Keeps a storage small, together with [`Ledger::forget_expired`](super::Ledger::forget_expired).
#[async_trait]
pub trait Upkeep: fmt::Debug + Send + Sync {
    /// The number of artifacts of a kind, but at most `at_most`, so that counting is cheap.
    async fn artifacts(&self, kind: ArtifactKind, at_most: u64) -> Result<u64, StoreError>;

    /// Deletes the audit events whose ids are less than `before`. Returns their number.
    ///
    /// There may be millions. They are deleted in short transactions, so that other writers do not
    /// wait for long. If one transaction fails, the earlier ones stay committed.
    async fn prune_audit(&self, before: DecisionId) -> Result<u64, StoreError>;
}
