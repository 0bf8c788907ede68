//! The thread that writes.
//!
//! SQLite writes one transaction at a time and waits for the disk at the end of each. Work that arrives
//! meanwhile shares the next transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use scopegate_core::store::StoreError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::group;
use super::work::Work;
use super::write_connection::WriteConnection;
use crate::error::unavailable;

/// Maximum work in one transaction: each caller waits for all of it.
const LARGEST: usize = 128;

/// Maximum work in the queue. Further callers wait for a place.
const WAITING: usize = 1024;

/// Maximum times the thread yields to callers that are about to queue something.
const ROUNDS: usize = 8;

/// The queue of the thread that writes. The thread ends when its last clone is dropped.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Message>);

enum Message {
    Write(Box<dyn Work>),
    /// Ends the thread, and tells when the connection is closed.
    Close(oneshot::Sender<()>),
}

/// Whether there was a place in the queue.
pub(crate) enum Queued {
    Yes,
    NoPlace(Box<dyn Work>),
}

impl Writer {
    pub(super) fn start(connection: WriteConnection) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = thread::Builder::new().name("scopegate-writer".to_owned());
        thread.spawn(move || serve(connection, receiver))?;
        Ok(Self(sender))
    }

    /// Waits for a place in the queue.
    pub(crate) async fn queue(&self, work: Box<dyn Work>) -> Result<(), StoreError> {
        self.0.send(Message::Write(work)).await.map_err(|_| closed())
    }

    /// Takes a place in the queue if there is one.
    pub(crate) fn try_queue(&self, work: Box<dyn Work>) -> Result<Queued, StoreError> {
        match self.0.try_send(Message::Write(work)) {
            Ok(()) => Ok(Queued::Yes),
            Err(TrySendError::Full(Message::Write(work))) => Ok(Queued::NoPlace(work)),
            Err(TrySendError::Full(Message::Close(_)) | TrySendError::Closed(_)) => Err(closed()),
        }
    }

    /// Writes what is queued, closes the connection and ends the thread.
    pub(super) async fn close(&self) {
        let (told, is_closed) = oneshot::channel();
        // An error means that the thread has ended before.
        if self.0.send(Message::Close(told)).await.is_ok() {
            let _ = is_closed.await;
        }
    }

    /// A queue that nothing takes work out of but the test.
    #[cfg(test)]
    pub(crate) fn with_places(places: usize) -> (Self, TestQueue) {
        let (sender, receiver) = mpsc::channel(places);
        (Self(sender), TestQueue(receiver))
    }
}

#[cfg(test)]
pub(crate) struct TestQueue(mpsc::Receiver<Message>);

#[cfg(test)]
impl TestQueue {
    pub(crate) fn take(&mut self) -> Option<Box<dyn Work>> {
        match self.0.try_recv() {
            Ok(Message::Write(work)) => Some(work),
            _ => None,
        }
    }
}

fn closed() -> StoreError {
    unavailable("the thread that writes has stopped")
}

fn serve(mut connection: WriteConnection, mut receiver: mpsc::Receiver<Message>) {
    let (mut messages, mut group) = (Vec::with_capacity(LARGEST), Vec::with_capacity(LARGEST));
    let mut closed = Vec::new();
    while receiver.blocking_recv_many(&mut messages, LARGEST) > 0 {
        gather(&mut messages, &mut receiver);
        for message in messages.drain(..) {
            match message {
                Message::Write(work) => group.push(work),
                Message::Close(told) => {
                    // What is queued still comes out; nothing more is let in.
                    receiver.close();
                    closed.push(told);
                }
            }
        }
        // A panic drops the connection, which rolls the transaction back. The next group opens another.
        let written = catch_unwind(AssertUnwindSafe(|| group::write(&mut connection, &mut group)));
        if written.is_err() {
            tracing::error!("a group of commits made the writer panic: none of them is written");
            group::answer_all(&mut group, &unavailable("a commit failed unexpectedly"));
        }
    }
    drop(connection);
    for told in closed {
        let _ = told.send(());
    }
}

/// Lets callers run that are about to queue something, as long as work arrives: the cost of a transaction
/// is shared. On an idle machine this costs next to nothing.
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
