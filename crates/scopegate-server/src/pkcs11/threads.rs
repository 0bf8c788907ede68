//! The threads that use a token, and the queue before them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection::Connection;
use super::error::Pkcs11Error;
use super::token::Token;

/// How many requests may wait for each thread. A signature takes a network HSM about 5 ms, so the last
/// one waits for about 160 ms.
pub(super) const WAITING_PER_THREAD: usize = 32;

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// The threads that use a token. They are started at the first use, and end when this is dropped.
#[derive(Debug)]
pub(super) struct Threads {
    token: Arc<Token>,
    count: usize,
    queue: OnceLock<SyncSender<Job>>,
}

impl Threads {
    pub(super) fn new(token: Arc<Token>, count: usize) -> Self {
        Self { token, count, queue: OnceLock::new() }
    }

    /// Runs work on one of the threads, with a session of the token. If the session was lost, the work
    /// runs once more with a new one.
    ///
    /// A thread whose module hangs is lost until the call returns. The time limit answers the request,
    /// and then the bound of the queue answers all others.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Fn(&mut Connection) -> Result<T, Pkcs11Error> + Send + 'static,
    ) -> Result<T, Pkcs11Error> {
        self.run_or_undo(limit, work, |_, _| {}).await
    }

    /// The same for work that leaves something behind. If nobody waits for the result any more, it is
    /// undone.
    pub(super) async fn run_or_undo<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Fn(&mut Connection) -> Result<T, Pkcs11Error> + Send + 'static,
        undo: impl FnOnce(&mut Connection, T) + Send + 'static,
    ) -> Result<T, Pkcs11Error> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |worker| {
            // The request has ended while it waited.
            if reply.is_closed() {
                return;
            }
            if let Err(Ok(left)) = reply.send(worker.run(&work))
                && let Some(connection) = &mut worker.connection
            {
                undo(connection, left);
            }
        });
        self.queue().try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Pkcs11Error::Busy,
            TrySendError::Disconnected(_) => Pkcs11Error::Ended,
        })?;
        match timeout(limit, answer).await {
            Ok(answer) => answer.map_err(|_| Pkcs11Error::Ended)?,
            Err(_) => Err(Pkcs11Error::Overdue),
        }
    }

    fn queue(&self) -> &SyncSender<Job> {
        self.queue.get_or_init(|| {
            let (queue, jobs) = sync_channel(self.count * WAITING_PER_THREAD);
            let jobs = Arc::new(Mutex::new(jobs));
            for _ in 0..self.count {
                let (token, jobs) = (Arc::clone(&self.token), Arc::clone(&jobs));
                let worker = Worker { token, connection: None };
                let thread = std::thread::Builder::new().name("pkcs11".to_owned());
                if let Err(error) = thread.spawn(move || worker.work(&jobs)) {
                    tracing::error!(%error, "a thread for the PKCS#11 token cannot be started");
                }
            }
            queue
        })
    }
}

/// One thread with its session.
struct Worker {
    token: Arc<Token>,
    connection: Option<Connection>,
}

impl Worker {
    fn work(mut self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { return self.close() };
            // A panic ends the request, not the thread.
            if catch_unwind(AssertUnwindSafe(|| job(&mut self))).is_err() {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }

    fn run<T>(
        &mut self,
        work: &impl Fn(&mut Connection) -> Result<T, Pkcs11Error>,
    ) -> Result<T, Pkcs11Error> {
        if let Some(connection) = self.connection.as_mut().filter(|one| one.is_current()) {
            match connection.during(work) {
                Err(error) if error.loses_session() => {
                    tracing::warn!("a session of the PKCS#11 token is lost: {error}");
                }
                done => return done,
            }
        }
        self.close();
        let mut connection = self.token.connect()?;
        let done = connection.during(work);
        match &done {
            Err(error) if error.loses_token() => {
                self.token.failed(error);
                connection.close();
            }
            _ => self.connection = Some(connection),
        }
        done
    }
}
