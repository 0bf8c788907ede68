//! What waits in the queue of the thread that writes.

use scopegate_core::store::StoreError;

use super::connection::Connection;

/// Something to be written in a transaction that it may share with others.
pub(crate) trait Work: Send {
    /// Tells whether it must not be written any more, because its caller has gone.
    fn has_gone(&self) -> bool;

    /// Runs its statements. It may run several times: each run finds nothing of the one before.
    ///
    /// After an error nothing of it is written. [`Conflict`](StoreError::Conflict) and
    /// [`Changed`](StoreError::Changed) mean that it has lost a race; with other errors the storage failed.
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError>;

    /// Tells the caller that it is on the disk, or why it was not written.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}
