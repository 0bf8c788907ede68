//! Successful decisions on their way to the storage.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, Notify};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::audit::AuditEvent;
use crate::error::CallError;
use crate::store::{Change, Ledger};

/// How many events wait to be written at most.
const QUEUE_LENGTH: usize = 8192;

/// How many events one transaction writes at most.
const BATCH: usize = 512;

/// How long the writer waits for a storage that failed.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// While an event waits for longer than this to be written, nothing more is taken; see
/// [`let_events_wait`](AuditQueue::let_events_wait).
///
/// So a crash loses at most one second of grants. What is left of the second is for signing.
const PATIENCE: Duration = Duration::from_millis(900);

/// How long a server that stops goes on trying to write.
const LAST_TRIES: Duration = Duration::from_secs(3);

/// Successful decisions on their way to the storage.
///
/// A grant that needs no storage does not wait for one to be recorded either: its event goes here,
/// and a task writes what has come together. A queue that is full, or whose storage does not keep up,
/// refuses; nothing is dropped.
#[derive(Debug)]
pub struct AuditQueue {
    shared: Arc<Shared>,
    writer: Turn<Option<JoinHandle<()>>>,
}

/// A place in the queue; dropped, it is free again.
#[derive(Debug)]
pub struct Place<'a>(&'a Shared);

impl AuditQueue {
    /// Starts the task that writes.
    pub fn start(ledger: Arc<dyn Ledger>) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Writer { ledger, shared: Arc::clone(&shared) };
        Self { shared, writer: Turn::new(Some(tokio::spawn(writer.run()))) }
    }

    /// Reserves a place before the decision takes effect. It is to be taken at once.
    ///
    /// # Errors
    ///
    /// [`CallError::AuditQueueFull`] if there is none, or the storage does not keep up.
    pub fn reserve(&self) -> Result<Place<'_>, CallError> {
        self.shared.reserve()
    }

    /// Lets an event wait so long to be written before nothing more is taken. A crash loses no more
    /// than what was granted in that time; without this it is less than a second.
    pub fn let_events_wait(&self, patience: Duration) {
        self.shared.state().patience = patience;
    }

    /// Refuses new events and waits until those that wait are written, or cannot be.
    pub async fn close(&self) {
        self.shared.close();
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has logged it, and there is nothing left to wait for.
            let _ = writer.await;
        }
    }
}

impl Place<'_> {
    /// Takes the place.
    pub fn take(self, event: AuditEvent) {
        self.0.take(event);
        mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// What those who bring events share with the writer.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    woken: Notify,
    /// Nothing more will come.
    closing: Notify,
}

struct State {
    /// Events, and when each was taken.
    waiting: VecDeque<(Instant, AuditEvent)>,
    /// How many places are promised.
    reserved: usize,
    /// When the first event was taken of the batch that is being written.
    writing_since: Option<Instant>,
    /// Until when the writer goes on trying, if the queue is closed.
    give_up_at: Option<Instant>,
    /// How long an event may wait.
    patience: Duration,
}

impl Default for State {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            reserved: 0,
            writing_since: None,
            give_up_at: None,
            patience: PATIENCE,
        }
    }
}

/// What the writer does next.
enum Next {
    Write(Vec<Change>),
    Wait,
    End,
}

impl Shared {
    fn reserve(&self) -> Result<Place<'_>, CallError> {
        let (now, mut state) = (Instant::now(), self.state());
        let is_full = state.waiting.len() + state.reserved >= QUEUE_LENGTH;
        if is_full || state.is_overdue(now) || state.give_up_at.is_some() {
            return Err(CallError::AuditQueueFull);
        }
        state.reserved += 1;
        Ok(Place(self))
    }

    fn take(&self, event: AuditEvent) {
        let mut state = self.state();
        state.reserved -= 1;
        // Under the lock, so that what is taken later is younger.
        state.waiting.push_back((Instant::now(), event));
        // A writer that is writing looks for more by itself.
        let is_first = state.waiting.len() == 1;
        drop(state);
        if is_first {
            self.woken.notify_one();
        }
    }

    /// Gives a place back.
    fn leave(&self) {
        self.state().reserved -= 1;
        self.woken.notify_one();
    }

    fn close(&self) {
        self.state().give_up_at.get_or_insert_with(|| Instant::now() + LAST_TRIES);
        self.woken.notify_one();
        self.closing.notify_one();
    }

    fn next(&self) -> Next {
        let mut state = self.state();
        let Some((taken_at, _)) = state.waiting.front() else {
            let is_over = state.give_up_at.is_some() && state.reserved == 0;
            return if is_over { Next::End } else { Next::Wait };
        };
        state.writing_since = Some(*taken_at);
        let count = state.waiting.len().min(BATCH);
        Next::Write(state.waiting.drain(..count).map(|(_, event)| Change::Audit(event)).collect())
    }

    /// The batch is written.
    fn written(&self) {
        self.state().writing_since = None;
    }

    fn gives_up(&self) -> bool {
        self.state().give_up_at.is_some_and(|end| Instant::now() >= end)
    }

    /// A thread that panicked here has left nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells whether the oldest event that is not written waits for too long. What is being written is
    /// older than what waits behind it.
    fn is_overdue(&self, now: Instant) -> bool {
        let oldest = self.writing_since.or(self.waiting.front().map(|(taken_at, _)| *taken_at));
        oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) > self.patience)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The task that writes.
struct Writer {
    ledger: Arc<dyn Ledger>,
    shared: Arc<Shared>,
}

impl Writer {
    async fn run(self) {
        loop {
            match self.shared.next() {
                Next::Write(changes) if self.write(&changes).await => self.shared.written(),
                Next::Write(changes) => return self.give_up(changes.len()),
                Next::Wait => self.shared.woken.notified().await,
                Next::End => return,
            }
        }
    }

    /// Writes a batch, however often it takes; tells whether it is written in the end.
    async fn write(&self, changes: &[Change]) -> bool {
        while let Err(error) = self.ledger.commit(changes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log cannot be written"
            );
            if self.shared.gives_up() {
                return false;
            }
            tokio::select! {
                () = sleep(RETRY_AFTER) => {}
                () = self.shared.closing.notified() => {}
            }
        }
        true
    }

    fn give_up(&self, unwritten: usize) {
        let waiting = mem::take(&mut self.shared.state().waiting).len();
        tracing::error!(events = unwritten + waiting, "audit events are lost: the server stops");
    }
}

#[cfg(test)]
mod tests;
