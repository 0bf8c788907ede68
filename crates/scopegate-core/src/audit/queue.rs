//! Successful decisions on their way to the storage.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;

use super::AuditEvent;
use crate::error::TokenError;
use crate::store::{Change, Ledger};

/// How many events wait to be written at most.
const QUEUE_LENGTH: usize = 8192;

/// How many events one transaction writes at most.
const BATCH: usize = 512;

/// How long the writer waits for a storage that failed.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Successful decisions on their way to the storage.
///
/// A grant that needs no storage does not wait for one to be recorded either: its event goes here,
/// and a task writes what has come together. A full queue refuses; nothing is dropped.
#[derive(Debug)]
pub struct AuditQueue {
    sender: mpsc::Sender<AuditEvent>,
    closing: Arc<Notify>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// A place in the queue.
#[derive(Debug)]
pub struct Place<'a>(mpsc::Permit<'a, AuditEvent>);

impl Place<'_> {
    /// Takes the place.
    pub fn take(self, event: AuditEvent) {
        self.0.send(event);
    }
}

impl AuditQueue {
    /// Starts the task that writes.
    pub fn start(ledger: Arc<dyn Ledger>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let closing = Arc::new(Notify::new());
        let writer = tokio::spawn(write(receiver, ledger, Arc::clone(&closing)));
        Self { sender, closing, writer: Mutex::new(Some(writer)) }
    }

    /// Reserves a place before the decision takes effect.
    ///
    /// # Errors
    ///
    /// [`TokenError::AuditQueueFull`] if there is none.
    pub fn reserve(&self) -> Result<Place<'_>, TokenError> {
        self.sender.try_reserve().map(Place).map_err(|_| TokenError::AuditQueueFull)
    }

    /// Refuses new events and waits until those that wait are written.
    pub async fn close(&self) {
        self.closing.notify_one();
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has logged it, and there is nothing left to wait for.
            let _ = writer.await;
        }
    }
}

async fn write(
    mut receiver: mpsc::Receiver<AuditEvent>,
    ledger: Arc<dyn Ledger>,
    closing: Arc<Notify>,
) {
    let mut events = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            received = receiver.recv_many(&mut events, BATCH) => if received == 0 { return },
            () = closing.notified() => receiver.close(),
        }
        let changes: Vec<Change> = events.drain(..).map(Change::Audit).collect();
        while let Err(error) = ledger.commit(&changes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log cannot be written"
            );
            if receiver.is_closed() {
                tracing::error!(events = changes.len(), "audit events are lost: the server stops");
                return;
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}
