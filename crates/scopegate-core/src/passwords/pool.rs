//! Threads that take jobs from a bounded queue.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The most jobs that wait.
pub(super) const MAX_WAITING: usize = 64;

/// The most threads, however many cores there are: each holds its own memory.
const MAX_THREADS: usize = 16;

/// Threads with one queue; they end when it is dropped, after the job that they have begun.
pub(super) struct Pool<J> {
    queue: Arc<Queue<J>>,
}

/// Jobs that wait for a thread.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    is_closed: bool,
}

impl<J: Send + 'static> Pool<J> {
    /// Starts half as many threads as there are cores: the other half serves requests meanwhile.
    pub(super) fn start(work: fn(&Arc<Queue<J>>)) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let state = State { jobs: VecDeque::new(), is_closed: false };
        let queue = Arc::new(Queue { state: Mutex::new(state), changed: Condvar::new() });
        let threads = (cores / 2).clamp(1, MAX_THREADS);
        let started = (0..threads).filter(|number| {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name(format!("scopegate-password-{number}"));
            let spawned = thread.spawn(move || {
                give_way();
                work(&queue);
            });
            if let Err(error) = &spawned {
                tracing::error!(%error, "a thread for passwords does not start");
            }
            spawned.is_ok()
        });
        if started.count() == 0 {
            queue.close();
        }
        Self { queue }
    }

    /// Lets a job wait for a thread, or gives it back if too many wait.
    pub(super) fn push(&self, job: J) -> Result<(), J> {
        let mut state = self.queue.lock();
        if state.is_closed || state.jobs.len() == MAX_WAITING {
            return Err(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.queue.changed.notify_one();
        Ok(())
    }
}

impl<J> Drop for Pool<J> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<J> Queue<J> {
    /// The next job, or none if the pool is gone. Calls `idle` before it waits for one.
    pub(super) fn pop(&self, idle: impl FnOnce()) -> Option<J> {
        let mut state = self.lock();
        if state.jobs.is_empty() && !state.is_closed {
            drop(state);
            idle();
            state = self.lock();
        }
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        // Whoever waits for an answer learns that there will be none.
        state.jobs.clear();
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the threads step back, of 19 steps.
#[cfg(target_os = "linux")]
const STEPS_BACK: i32 = 10;

/// Lets whoever answers a request go first: a password takes tens of milliseconds anyway.
///
/// Linux has a priority for each thread, other systems only for the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(STEPS_BACK) {
        tracing::debug!(%error, "a thread for passwords keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A job that says it has begun, and ends when it may.
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

    #[test]
    fn so_many_jobs_wait_and_no_more() {
        let (pool, (begun, begins)) = (Pool::start(work), channel());
        let mut ends = Vec::new();
        let mut push = || {
            let (job, end) = held(&begun);
            let pushed = pool.push(job).is_ok();
            ends.push(end);
            pushed
        };
        // One job for each thread, then so many that wait.
        let threads = (thread::available_parallelism().map_or(1, usize::from) / 2).clamp(1, 16);
        for _ in 0..threads {
            assert!(push());
            begins.recv().unwrap();
        }
        for _ in 0..MAX_WAITING {
            assert!(push());
        }
        assert!(!push(), "there is a bound");
        // When one has ended, there is room for one.
        drop(ends.remove(0));
        begins.recv().unwrap();
        let (job, _end) = held(&begun);
        assert!(pool.push(job).is_ok());
        let (job, _end) = held(&begun);
        assert!(pool.push(job).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_for_passwords_steps_back_and_others_stay() {
        let priority = || rustix::process::nice(0).unwrap();
        let before = priority();
        let (told, tells) = channel();
        let pool = Pool::start(|queue: &Arc<Queue<Sender<i32>>>| {
            while let Some(job) = queue.pop(|| ()) {
                let _ = job.send(rustix::process::nice(0).unwrap());
            }
        });
        assert!(pool.push(told).is_ok());
        assert_eq!(tells.recv().unwrap(), (before + STEPS_BACK).min(19));
        assert_eq!(priority(), before);
    }

    #[test]
    fn what_waits_is_dropped_with_the_pool() {
        let (pool, (begun, begins)) = (Pool::start(work), channel());
        let mut ends = Vec::new();
        for _ in 0..MAX_WAITING {
            let (job, end) = held(&begun);
            assert!(pool.push(job).is_ok());
            ends.push(end);
        }
        drop((pool, ends, begun));
        // No sender is left: every job has ended, or was dropped.
        while begins.recv().is_ok() {}
    }
}
