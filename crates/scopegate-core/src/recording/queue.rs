//! The queue of audit events that wait to be written.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, Notify};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::audit::AuditEvent;
use crate::error::CallError;
use crate::store::{Change, Ledger};

/// The maximum number of events that wait to be written.
const QUEUE_LENGTH: usize = 8192;

/// The maximum number of events in one transaction.
const BATCH: usize = 512;

/// How long the first event of a batch waits for others. Each transaction has a fixed cost, and without
/// this time a busy server writes one for a few events: 87 for 800 tokens over 4 connections.
const GATHER: Duration = Duration::from_millis(10);

/// How long the writer waits after a failed write before it tries again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The maximum time that an event may wait to be written. While one waits for longer, the queue
/// refuses new events; see [`let_events_wait`](AuditQueue::let_events_wait).
///
/// So a crash loses the events of at most 1 second. The remaining 100 ms are for signing, which
/// happens between the reservation of a place and the event.
const MAX_WAIT: Duration = Duration::from_millis(900);

/// How long a server that stops keeps trying to write.
const LAST_TRIES: Duration = Duration::from_secs(3);

/// The queue of audit events that wait to be written.
///
/// A grant that writes nothing else to the storage does not wait for its audit event to be written.
/// The event is put in this queue, and a task writes the events in batches. If the queue is full,
/// or the storage is too slow, new grants are refused. An event is never dropped to make room.
#[derive(Debug)]
pub struct AuditQueue {
    shared: Arc<Shared>,
    writer: Turn<Option<JoinHandle<()>>>,
}

/// A reserved place in the queue. Dropping it frees the place.
#[derive(Debug)]
pub struct Place<'a>(&'a Shared);

impl AuditQueue {
    /// Starts the task that writes the events.
    pub fn start(ledger: Arc<dyn Ledger>) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Writer { ledger, shared: Arc::clone(&shared) };
        Self { shared, writer: Turn::new(Some(tokio::spawn(writer.run()))) }
    }

    /// Reserves a place before the decision takes effect. The event must follow without delay.
    ///
    /// # Errors
    ///
    /// [`CallError::AuditQueueFull`] if the queue is full or closed, or an event has waited for too
    /// long.
    pub fn reserve(&self) -> Result<Place<'_>, CallError> {
        self.shared.reserve()
    }

    /// Sets the maximum time that an event may wait to be written before new events are refused. A
    /// crash loses at most the events of that time. The default is less than 1 second.
    pub fn let_events_wait(&self, max_wait: Duration) {
        self.shared.state().max_wait = max_wait;
    }

    /// Refuses new events, and waits until the queued ones are written or the writer gives up after
    /// 3 seconds.
    pub async fn close(&self) {
        self.shared.close();
        if let Some(writer) = self.writer.lock().await.take() {
            // If the writer panicked, that was logged, and there is nothing to wait for.
            let _ = writer.await;
        }
    }
}

impl Place<'_> {
    /// Puts an event in the place.
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

/// The state that the callers share with the writer.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the writer: there is something to write, or the queue is closed.
    woken: Notify,
    /// Ends the pause of the writer between two attempts: the queue is closed.
    closing: Notify,
}

struct State {
    /// The events, each with the time at which it was queued.
    waiting: VecDeque<(Instant, AuditEvent)>,
    /// The number of reserved places.
    reserved: usize,
    /// When the oldest event of the batch that is being written was queued.
    writing_since: Option<Instant>,
    /// When the writer gives up; `None` while the queue is open.
    give_up_at: Option<Instant>,
    /// The maximum time that an event may wait.
    max_wait: Duration,
}

impl Default for State {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            reserved: 0,
            writing_since: None,
            give_up_at: None,
            max_wait: MAX_WAIT,
        }
    }
}

/// What the writer must do next.
enum Next {
    Write(Vec<Change>),
    Wait,
    /// Events are waiting. They are written at this time, or once there are enough.
    Gather(Instant),
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
        // The time is read under the lock, so that the events are ordered by it.
        state.waiting.push_back((Instant::now(), event));
        // Otherwise the writer has been woken, or looks again after its batch.
        let is_needed = matches!(state.waiting.len(), 1 | BATCH);
        drop(state);
        if is_needed {
            self.woken.notify_one();
        }
    }

    /// Frees a reserved place.
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
        let until = *taken_at + GATHER.min(state.max_wait / 2);
        let is_due = Instant::now() >= until || state.give_up_at.is_some();
        if !is_due && state.waiting.len() < BATCH {
            return Next::Gather(until);
        }
        state.writing_since = Some(*taken_at);
        let count = state.waiting.len().min(BATCH);
        Next::Write(state.waiting.drain(..count).map(|(_, event)| Change::Audit(event)).collect())
    }

    /// Notes that the batch is written.
    fn written(&self) {
        self.state().writing_since = None;
    }

    fn must_give_up(&self) -> bool {
        self.state().give_up_at.is_some_and(|end| Instant::now() >= end)
    }

    /// A poisoned lock is ignored: no code panics in the middle of a change.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells whether the oldest event that is not written has waited for too long. The events of
    /// the batch that is being written are older than those in the queue.
    fn is_overdue(&self, now: Instant) -> bool {
        let oldest = self.writing_since.or(self.waiting.front().map(|(taken_at, _)| *taken_at));
        oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) > self.max_wait)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The task that writes the events.
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
                Next::Gather(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = self.shared.woken.notified() => {}
                },
                Next::End => return,
            }
        }
    }

    /// Writes a batch, and tries again until it is written or the writer must give up. Returns
    /// whether it is written.
    async fn write(&self, changes: &[Change]) -> bool {
        while let Err(error) = self.ledger.commit(changes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log cannot be written"
            );
            if self.shared.must_give_up() {
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
