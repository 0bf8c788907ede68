//! Runs a job on SQLite, in the thread that writes.

use futures_util::FutureExt;
use scopegate_core::authority::unattended::Unattended;
use scopegate_core::store::StoreError;
use tokio::sync::oneshot;

use super::job::Job;
use super::sqlite::{Connection, Queued, Work, Writer};
use super::transaction::Transaction;
use crate::error::unavailable;

/// Whether a job is written when its caller does not wait any more.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Caller {
    MustWait,
    MayLeave,
}

/// Writes a job as long as its caller waits.
pub(super) async fn write<J: Job>(writer: &Writer, job: J) -> Result<J::Answer, StoreError> {
    let (work, answer) = work(job, Caller::MustWait);
    writer.queue(work).await?;
    answered::<J>(answer).await
}

/// Writes a job even if its caller does not wait for it.
pub(super) async fn write_unattended<J: Job>(
    writer: &Writer,
    job: J,
    unattended: &Unattended,
) -> Result<J::Answer, StoreError> {
    let (work, answer) = work(job, Caller::MayLeave);
    match writer.try_queue(work)? {
        Queued::Yes => answered::<J>(answer).await,
        // It waits for a place without its caller.
        Queued::NoPlace(work) => {
            let writer = writer.clone();
            let written = async move {
                writer.queue(work).await?;
                answered::<J>(answer).await
            };
            unattended.run(written).await?
        }
    }
}

type Answer<J> = Result<<J as Job>::Answer, StoreError>;

async fn answered<J: Job>(answer: oneshot::Receiver<Answer<J>>) -> Answer<J> {
    answer.await.map_err(|_| unavailable("the thread that writes has stopped"))?
}

fn work<J: Job>(job: J, caller: Caller) -> (Box<dyn Work>, oneshot::Receiver<Answer<J>>) {
    let (sender, receiver) = oneshot::channel();
    (Box::new(JobAtWork { job, caller, answer: None, sender }), receiver)
}

/// A job with the way to its caller.
struct JobAtWork<J: Job> {
    job: J,
    caller: Caller,
    /// What the last run answered.
    answer: Option<J::Answer>,
    sender: oneshot::Sender<Answer<J>>,
}

impl<J: Job> Work for JobAtWork<J> {
    fn has_gone(&self) -> bool {
        self.caller == Caller::MustWait && self.sender.is_closed()
    }

    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        let mut transaction = Transaction::sqlite(connection);
        let answer = self.job.run(&mut transaction).now_or_never();
        self.answer = Some(answer.ok_or_else(|| unavailable("a job waits for something else"))??);
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

#[cfg(test)]
mod tests;
