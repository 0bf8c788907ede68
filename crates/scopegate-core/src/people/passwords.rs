//! Passwords: hashed by Argon2id, on a few dedicated threads.
//!
//! One hash takes 19 MiB of memory and tens of milliseconds of a core. So the number of hashes at a
//! time is bounded: a bounded number of jobs waits, further ones fail with [`Busy`], and requests
//! without a password are not slowed down. Networks take turns, and a job is dropped when its
//! caller disconnects.

mod hash;
mod password;
mod pool;
mod sealed;
mod waiting;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use self::hash::{Argon2Memory, Stored};
pub use self::hash::{InvalidHash, check_hash};
pub use self::password::{InvalidPassword, Password};
use self::pool::Pool;
pub(crate) use self::sealed::context as hash_context;
pub(crate) use self::sealed::open_hash;
pub use self::sealed::seal_hash;
pub use self::waiting::Caller;

/// Hashes and checks passwords. The threads start with the first password, and end when this is
/// dropped.
#[derive(Default)]
pub struct Passwords {
    pool: OnceLock<Pool<Job>>,
    answered: AtomicU64,
}

/// The result of checking a password.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a password is right or wrong")]
pub enum PasswordCheck {
    /// The password is right.
    Right {
        /// A new hash to store, if the given one was made with other parameters than the current
        /// ones, or not from the normal form.
        renewed: Option<Zeroizing<String>>,
    },
    /// The password is wrong.
    Wrong,
}

/// Too many passwords wait to be checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

impl Passwords {
    /// Checks a password against a hash (a PHC string).
    ///
    /// Without a hash every password is wrong, but the check takes as long as with one. Otherwise
    /// the time would tell a caller whether the user exists. A hash that cannot be read is treated
    /// like no hash.
    ///
    /// # Errors
    ///
    /// [`Busy`] if too many passwords wait already.
    pub async fn verify(
        &self,
        phc: Option<Zeroizing<String>>,
        given: Password,
        caller: Caller,
    ) -> Result<PasswordCheck, Busy> {
        self.submit(caller, |answer| Job::Verify { phc, given, answer }).await
    }

    /// Hashes a password. The result is a PHC string.
    ///
    /// # Errors
    ///
    /// [`Busy`] if too many passwords wait already.
    pub async fn hash(&self, chosen: Password, caller: Caller) -> Result<Zeroizing<String>, Busy> {
        self.submit(caller, |answer| Job::Hash { chosen, answer }).await
    }

    async fn submit<T>(
        &self,
        caller: Caller,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Result<T, Busy> {
        let (sender, answer) = oneshot::channel();
        let pool = self.pool.get_or_init(|| Pool::start(work));
        // Dropping the ticket removes the job from the queue, for example when the caller
        // disconnects.
        let _ticket = pool.push(caller, job(sender)).ok_or(Busy)?;
        // There is no answer if the job was displaced, or its thread ended. The caller may try
        // again.
        let answer = answer.await.map_err(|_| Busy)?;
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    /// The number of passwords that were hashed or checked so far, including checks without a hash.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// The number of waiting jobs.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.pool.get().map_or(0, Pool::waiting)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right { .. } => "Right",
            Self::Wrong => "Wrong",
        })
    }
}

/// Hashes a password on the current thread. For commands and the start of the server, where
/// blocking delays no request.
pub fn hash_here(chosen: &Password) -> Zeroizing<String> {
    hash::new(chosen, &mut Argon2Memory::default())
}

/// A job for a thread, and the channel for its answer.
enum Job {
    Hash {
        chosen: Password,
        answer: oneshot::Sender<Zeroizing<String>>,
    },
    Verify {
        phc: Option<Zeroizing<String>>,
        given: Password,
        answer: oneshot::Sender<PasswordCheck>,
    },
}

/// The loop of a thread. Its memory is released when no job waits.
fn work(jobs: &Arc<pool::Queue<Job>>) {
    let mut memory = Argon2Memory::default();
    while let Some(job) = jobs.pop(|| memory.release()) {
        match job {
            // The caller disconnected after the job had left the queue.
            Job::Hash { answer, .. } if answer.is_closed() => {}
            Job::Verify { answer, .. } if answer.is_closed() => {}
            Job::Hash { chosen, answer } => {
                let _ = answer.send(hash::new(&chosen, &mut memory));
            }
            Job::Verify { phc, given, answer } => {
                let _ = answer.send(check(phc.as_deref().map(String::as_str), &given, &mut memory));
            }
        }
    }
}

fn check(phc: Option<&str>, given: &Password, memory: &mut Argon2Memory) -> PasswordCheck {
    let stored = phc.and_then(|phc| match Stored::parse(phc) {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::error!(%error, "a stored password hash cannot be read");
            None
        }
    });
    let Some(stored) = stored else {
        Stored::of_no_password().matches(given, memory);
        return PasswordCheck::Wrong;
    };
    if !stored.matches(given, memory) {
        return PasswordCheck::Wrong;
    }
    PasswordCheck::Right { renewed: stored.renewed(given, memory) }
}

#[cfg(test)]
mod tests;
