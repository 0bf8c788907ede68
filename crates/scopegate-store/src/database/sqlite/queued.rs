//! A job that waits to be written.

use futures_util::FutureExt;
use scopegate_core::store::StoreError;
use tokio::sync::oneshot;

use super::connection::Connection;
use crate::database::job::Job;
use crate::database::transaction::Transaction;
use crate::error::unavailable;

/// Whether a job is written when its caller does not wait any more.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Caller {
    MustWait,
    MayLeave,
}

/// A job that waits to be written, whatever its answer is.
pub(super) trait Queued: Send {
    /// Tells whether the job must not be written any more, because its caller has gone.
    fn has_gone(&self) -> bool;

    /// Runs the job's statements in a transaction, and keeps its answer.
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError>;

    /// Sends the caller the job's answer, or why it was not written.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// What the caller waits for.
pub(super) type Answer<J> = oneshot::Receiver<Result<<J as Job>::Answer, StoreError>>;

/// A job with the way to its caller.
pub(super) fn queue<J: Job>(job: J, caller: Caller) -> (Box<dyn Queued>, Answer<J>) {
    let (sender, answer) = oneshot::channel();
    (Box::new(QueuedJob { job, caller, answer: None, sender }), answer)
}

struct QueuedJob<J: Job> {
    job: J,
    caller: Caller,
    answer: Option<J::Answer>,
    sender: oneshot::Sender<Result<J::Answer, StoreError>>,
}

impl<J: Job> Queued for QueuedJob<J> {
    fn has_gone(&self) -> bool {
        self.caller == Caller::MustWait && self.sender.is_closed()
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        let mut transaction = Transaction::sqlite(connection);
        let answer = self.job.run(&mut transaction).now_or_never();
        self.answer = Some(answer.ok_or_else(|| unavailable("a statement waits"))??);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { answer, sender, .. } = *self;
        let answer =
            outcome.and_then(|()| answer.ok_or_else(|| unavailable("the job was not run")));
        // A caller that does not wait any more gets no answer.
        let _ = sender.send(answer);
    }
}
