//! Threads that take jobs from a bounded queue.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::waiting::{Caller, Place, Pushed, Waiting};

/// The maximum number of threads. Each has its own working memory.
const MAX_THREADS: usize = 16;

/// Threads with one queue. When the pool is dropped, each thread finishes its current job and ends.
pub(super) struct Pool<J> {
    queue: Arc<Queue<J>>,
}

/// Jobs that wait for a thread.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    waiting: Waiting<J>,
    is_closed: bool,
}

/// The place of a waiting job. Dropping the ticket removes the job from the queue.
#[must_use = "dropping the ticket removes the job from the queue"]
pub(super) struct Ticket<J> {
    queue: Arc<Queue<J>>,
    place: Place,
}

impl<J: Send + 'static> Pool<J> {
    /// Starts half as many threads as there are cores. The other cores serve requests.
    pub(super) fn start(work: fn(&Arc<Queue<J>>)) -> Self {
        let state = State { waiting: Waiting::default(), is_closed: false };
        let queue = Arc::new(Queue { state: Mutex::new(state), changed: Condvar::new() });
        let started = (0..threads()).filter(|number| {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name(format!("scopegate-password-{number}"));
            let spawned = thread.spawn(move || {
                lower_priority();
                work(&queue);
            });
            if let Err(error) = &spawned {
                tracing::error!(%error, "cannot start a thread for passwords");
            }
            spawned.is_ok()
        });
        if started.count() == 0 {
            queue.close();
        }
        Self { queue }
    }

    /// Queues a job. It waits as long as its ticket is kept. `None` if there is no place for it.
    pub(super) fn push(&self, caller: Caller, job: J) -> Option<Ticket<J>> {
        let mut state = self.queue.lock();
        if state.is_closed {
            return None;
        }
        let pushed = state.waiting.push(caller, job);
        drop(state);
        match pushed {
            Pushed::Refused(_) => None,
            Pushed::Waits { place, displaced } => {
                // Drop it after the lock is released: this tells its caller that the job was
                // displaced.
                drop(displaced);
                self.queue.changed.notify_one();
                Some(Ticket { queue: Arc::clone(&self.queue), place })
            }
        }
    }

    /// The number of waiting jobs.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().waiting.len()
    }
}

/// The number of threads.
pub(super) fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, MAX_THREADS)
}

impl<J> Drop for Pool<J> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<J> Drop for Ticket<J> {
    fn drop(&mut self) {
        let removed = self.queue.lock().waiting.remove(self.place);
        drop(removed);
    }
}

impl<J> Queue<J> {
    /// The next job; `None` if the pool was dropped. Calls `idle` before it waits for a job.
    pub(super) fn pop(&self, idle: impl FnOnce()) -> Option<J> {
        let mut state = self.lock();
        if state.waiting.is_empty() && !state.is_closed {
            drop(state);
            idle();
            state = self.lock();
        }
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.waiting.pop() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        // Dropping the jobs tells their callers that there will be no answer.
        state.waiting.clear();
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much the nice value of the threads is raised. The maximum is 19.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Lowers the priority of the current thread, so that threads that answer requests run first. A
/// password takes tens of milliseconds anyway.
///
/// Only on Linux: other systems have one priority for the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of a thread for passwords");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::waiting::MAX_WAITING;
    use super::*;

    /// A job that reports when it has begun, and ends when the test lets it.
    struct Held {
        begun: Sender<()>,
        may_end: Receiver<()>,
    }

    fn work(queue: &Arc<Queue<Held>>) {
        while let Some(job) = queue.pop(|| ()) {
            let _ = job.begun.send(());
            let _ = job.may_end.recv();
        }
    }

    fn held(begun: &Sender<()>) -> (Held, Sender<()>) {
        let (end, may_end) = channel();
        (Held { begun: begun.clone(), may_end }, end)
    }

    /// A job with a caller that waits. The job ends when this is dropped.
    type Awaited = (Ticket<Held>, Sender<()>);

    /// A pool whose threads are all busy until the returned jobs are dropped.
    fn busy() -> (Pool<Held>, Sender<()>, Receiver<()>, Vec<Awaited>) {
        let (pool, (begun, begins)) = (Pool::start(work), channel());
        let busy = (0..threads()).map(|_| {
            let (job, end) = held(&begun);
            let ticket = pool.push(Caller::Operator, job).expect("there is room");
            begins.recv().unwrap();
            (ticket, end)
        });
        let busy = busy.collect();
        (pool, begun, begins, busy)
    }

    #[test]
    fn a_bounded_number_of_jobs_waits() {
        let (pool, begun, begins, mut busy) = busy();
        let push = || {
            let (job, end) = held(&begun);
            pool.push(Caller::Operator, job).map(|ticket| (ticket, end))
        };
        let _waiting: Vec<_> = (0..MAX_WAITING).map(|_| push().expect("there is room")).collect();
        assert!(push().is_none(), "there is a bound");
        // When one has ended, there is room for one.
        drop(busy.remove(0));
        begins.recv().unwrap();
        let _one = push().expect("there is room for one");
        assert!(push().is_none());
    }

    #[test]
    fn a_job_whose_ticket_is_dropped_leaves_the_queue_and_is_not_begun() {
        let (pool, begun, begins, busy) = busy();
        for _ in 0..10 * MAX_WAITING {
            let (job, end) = held(&begun);
            let ticket = pool.push(Caller::Stranger(None), job).expect("there is room");
            drop(ticket);
            assert_eq!(pool.waiting(), 0);
            assert!(end.send(()).is_err(), "the job is dropped");
        }
        let (job, _end) = held(&begun);
        let _ticket = pool.push(Caller::Stranger(None), job).expect("there is room");
        drop(busy);
        begins.recv().unwrap();
        assert!(begins.try_recv().is_err(), "the others are not begun");
    }

    #[test]
    fn dropping_the_ticket_of_a_job_that_was_begun_removes_no_other_job() {
        let (pool, begun, begins, mut busy) = busy();
        let (job, _end) = held(&begun);
        let _next = pool.push(Caller::Operator, job).expect("there is room");
        let (ticket, end) = busy.remove(0);
        drop(ticket);
        assert_eq!(pool.waiting(), 1);
        drop(end);
        begins.recv().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_the_threads_for_passwords_have_a_lower_priority() {
        let priority = || rustix::process::nice(0).unwrap();
        let before = priority();
        let (sender, receiver) = channel();
        let pool = Pool::start(|queue: &Arc<Queue<Sender<i32>>>| {
            while let Some(job) = queue.pop(|| ()) {
                let _ = job.send(rustix::process::nice(0).unwrap());
            }
        });
        let _ticket = pool.push(Caller::Operator, sender).expect("there is room");
        assert_eq!(receiver.recv().unwrap(), (before + NICENESS).min(19));
        assert_eq!(priority(), before);
    }

    #[test]
    fn waiting_jobs_are_dropped_with_the_pool() {
        let (pool, (begun, begins)) = (Pool::start(work), channel());
        let jobs = (0..MAX_WAITING).map(|_| {
            let (job, end) = held(&begun);
            (pool.push(Caller::Operator, job).expect("there is room"), end)
        });
        let (_tickets, ends): (Vec<_>, Vec<_>) = jobs.unzip();
        drop((pool, ends, begun));
        // No sender is left: every job has ended, or was dropped.
        while begins.recv().is_ok() {}
    }
}
