//! The thread that writes.
//!
//! SQLite writes one transaction at a time and waits for the disk at the end of each. Jobs that arrive
//! meanwhile share the next transaction.

use std::thread;

use scopegate_core::store::StoreError;
use scopegate_core::unattended::Unattended;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::group;
use super::queued::{Caller, Queued, queue};
use super::write_connection::WriteConnection;
use crate::database::job::Job;
use crate::error::unavailable;

/// Maximum jobs in one transaction: each of them waits for all.
const LARGEST: usize = 128;

/// Maximum jobs in the queue. Further callers wait for a place.
const WAITING: usize = 1024;

/// Maximum times the thread yields to callers that are about to add a job.
const ROUNDS: usize = 8;

/// The queue of the thread that writes. The thread ends when its last clone is dropped.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Message>);

enum Message {
    Write(Box<dyn Queued>),
    /// Ends the thread, and tells when the connection is closed.
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(connection: WriteConnection) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = thread::Builder::new().name("scopegate-writer".to_owned());
        thread.spawn(move || serve(connection, receiver))?;
        Ok(Self(sender))
    }

    /// Writes a job as long as its caller waits.
    pub(super) async fn write<J: Job>(&self, job: J) -> Result<J::Answer, StoreError> {
        let (queued, answer) = queue(job, Caller::MustWait);
        self.0.send(Message::Write(queued)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Writes a job even if its caller does not wait for it.
    pub(super) async fn write_unattended<J: Job>(
        &self,
        job: J,
        unattended: &Unattended,
    ) -> Result<J::Answer, StoreError> {
        let (queued, answer) = queue(job, Caller::MayLeave);
        match self.0.try_send(Message::Write(queued)) {
            Ok(()) => answer.await.map_err(|_| stopped())?,
            Err(TrySendError::Closed(_)) => Err(stopped()),
            // The job waits for a place without its caller.
            Err(TrySendError::Full(message)) => {
                let sender = self.0.clone();
                let written = async move {
                    sender.send(message).await.map_err(|_| stopped())?;
                    answer.await.map_err(|_| stopped())?
                };
                unattended.run(written).await?
            }
        }
    }

    /// Writes the jobs that are queued, closes the connection and ends the thread.
    pub(super) async fn close(&self) {
        let (closed, is_closed) = oneshot::channel();
        // An error means that the thread has ended before.
        if self.0.send(Message::Close(closed)).await.is_ok() {
            let _ = is_closed.await;
        }
    }
}

fn stopped() -> StoreError {
    unavailable("the thread that writes has stopped")
}

fn serve(mut connection: WriteConnection, mut receiver: mpsc::Receiver<Message>) {
    let (mut messages, mut jobs) = (Vec::with_capacity(LARGEST), Vec::with_capacity(LARGEST));
    let mut closed = Vec::new();
    while receiver.blocking_recv_many(&mut messages, LARGEST) > 0 {
        gather(&mut messages, &mut receiver);
        for message in messages.drain(..) {
            match message {
                Message::Write(job) => jobs.push(job),
                Message::Close(told) => {
                    // What is queued still comes out; nothing more is let in.
                    receiver.close();
                    closed.push(told);
                }
            }
        }
        group::write(&mut connection, &mut jobs);
    }
    drop(connection);
    for told in closed {
        let _ = told.send(());
    }
}

/// Lets callers run that are about to add a job, as long as jobs arrive: the cost of a transaction is
/// shared by all of its jobs. On an idle machine this costs next to nothing.
fn gather(messages: &mut Vec<Message>, receiver: &mut mpsc::Receiver<Message>) {
    for _ in 0..ROUNDS {
        let before = messages.len();
        thread::yield_now();
        while messages.len() < LARGEST {
            let Ok(message) = receiver.try_recv() else { break };
            messages.push(message);
        }
        if messages.len() == before || messages.len() == LARGEST {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
