//! Successful decisions on their way to the storage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::AuditEvent;
use crate::error::TokenError;
use crate::store::{Change, Ledger};

/// How many events wait to be written at most.
const QUEUE_LENGTH: usize = 8192;

/// How many events one transaction writes at most.
const BATCH: usize = 512;

/// How long the writer waits for a storage that failed.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// While a batch takes longer than this, nothing more is taken.
///
/// What waits behind it was taken while the batch before was under way, no longer than this either:
/// a crash loses at most one second of grants.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a server that stops goes on trying to write.
const LAST_TRIES: Duration = Duration::from_secs(3);

/// Successful decisions on their way to the storage.
///
/// A grant that needs no storage does not wait for one to be recorded either: its event goes here,
/// and a task writes what has come together. A queue that is full, or whose storage does not keep up,
/// refuses; nothing is dropped.
#[derive(Debug)]
pub struct AuditQueue {
    sender: mpsc::Sender<AuditEvent>,
    batch: Arc<Batch>,
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
        let (batch, closing) = (Arc::new(Batch::new()), Arc::new(Notify::new()));
        let writer = Writer {
            receiver,
            ledger,
            batch: Arc::clone(&batch),
            closing: Arc::clone(&closing),
            give_up_at: None,
        };
        Self { sender, batch, closing, writer: Mutex::new(Some(tokio::spawn(writer.run()))) }
    }

    /// Reserves a place before the decision takes effect.
    ///
    /// # Errors
    ///
    /// [`TokenError::AuditQueueFull`] if there is none, or the storage does not keep up.
    pub fn reserve(&self) -> Result<Place<'_>, TokenError> {
        if self.batch.is_overdue() {
            return Err(TokenError::AuditQueueFull);
        }
        self.sender.try_reserve().map(Place).map_err(|_| TokenError::AuditQueueFull)
    }

    /// Refuses new events and waits until those that wait are written, or cannot be.
    pub async fn close(&self) {
        self.closing.notify_one();
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has logged it, and there is nothing left to wait for.
            let _ = writer.await;
        }
    }
}

/// Since when the batch that is being written is under way.
#[derive(Debug)]
struct Batch {
    epoch: Instant,
    /// Milliseconds after the epoch, and one; zero while nothing is being written.
    since: AtomicU64,
}

impl Batch {
    fn new() -> Self {
        Self { epoch: Instant::now(), since: AtomicU64::new(0) }
    }

    fn begin(&self) {
        self.since.store(self.milliseconds() + 1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    fn is_overdue(&self) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        since > 0 && u128::from(self.milliseconds() + 1 - since) > PATIENCE.as_millis()
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// The task that writes.
struct Writer {
    receiver: mpsc::Receiver<AuditEvent>,
    ledger: Arc<dyn Ledger>,
    batch: Arc<Batch>,
    closing: Arc<Notify>,
    give_up_at: Option<Instant>,
}

impl Writer {
    async fn run(mut self) {
        let mut events = Vec::with_capacity(BATCH);
        loop {
            let closing = Arc::clone(&self.closing);
            tokio::select! {
                received = self.receiver.recv_many(&mut events, BATCH) => if received == 0 { return },
                () = closing.notified() => self.stop_taking(),
            }
            let changes: Vec<Change> = events.drain(..).map(Change::Audit).collect();
            self.batch.begin();
            if !self.write(&changes).await {
                return self.give_up(changes.len());
            }
            self.batch.end();
        }
    }

    /// Writes a batch, however often it takes; tells whether it is written in the end.
    async fn write(&mut self, changes: &[Change]) -> bool {
        while let Err(error) = self.ledger.commit(changes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log cannot be written"
            );
            if self.give_up_at.is_some_and(|end| Instant::now() >= end) {
                return false;
            }
            let closing = Arc::clone(&self.closing);
            tokio::select! {
                () = sleep(RETRY_AFTER) => {}
                () = closing.notified() => self.stop_taking(),
            }
        }
        true
    }

    fn stop_taking(&mut self) {
        self.receiver.close();
        self.give_up_at = Some(Instant::now() + LAST_TRIES);
    }

    fn give_up(mut self, unwritten: usize) {
        let waiting = std::iter::from_fn(|| self.receiver.try_recv().ok()).count();
        tracing::error!(events = unwritten + waiting, "audit events are lost: the server stops");
    }
}

#[cfg(test)]
mod tests;
