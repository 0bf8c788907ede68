//! What is written in one transaction.

use std::future::Future;

use scopegate_core::store::StoreError;

use super::transaction::Transaction;

/// Something that is written as a whole or not at all.
///
/// It owns its data, because SQLite runs it in another thread.
pub(crate) trait Job: Send + Sync + 'static {
    /// What the caller gets once the transaction is committed.
    type Answer: Send + 'static;

    /// Runs the statements; the transaction is committed by the database.
    ///
    /// A job may run several times: each run finds nothing of the one before.
    ///
    /// # Errors
    ///
    /// With [`Conflict`](StoreError::Conflict) and [`Changed`](StoreError::Changed) the job has lost a
    /// race; with any other error the storage failed. In both cases nothing of the job is written.
    fn run(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}
