//! Passwords: hashed by Argon2id, on few threads of their own.
//!
//! One hash costs 19 MiB and tens of milliseconds of a core. So many as come are not computed at
//! once: a bounded number waits, the rest is told that the server is busy, and requests without a
//! password go on undisturbed. Networks take turns, and a job that nobody waits for is dropped.

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
pub(crate) use self::sealed::open_hash;
pub use self::sealed::seal_hash;
pub use self::waiting::Caller;

/// Hashes and checks passwords. Its threads start with the first password, and end with it.
#[derive(Default)]
pub struct Passwords {
    pool: OnceLock<Pool<Job>>,
    answered: AtomicU64,
}

/// What a password turned out to be.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a password is right or wrong")]
pub enum PasswordCheck {
    /// It is the right one.
    Right {
        /// Another hash of it, where the one that was shown was made at another cost than ours, or
        /// not of the normal form.
        renewed: Option<Zeroizing<String>>,
    },
    /// It is not.
    Wrong,
}

/// So many passwords wait that no more are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

impl Passwords {
    /// Tells whether a password is the one that a hash (a PHC text) was made of.
    ///
    /// Without a hash there is no right password, and it takes as long all the same: how long an
    /// answer takes does not tell whether there is such a user. A hash that cannot be read counts as
    /// none.
    ///
    /// # Errors
    ///
    /// [`Busy`] if too many wait already.
    pub async fn verify(
        &self,
        phc: Option<Zeroizing<String>>,
        given: Password,
        caller: Caller,
    ) -> Result<PasswordCheck, Busy> {
        self.ask(caller, |answer| Job::Verify { phc, given, answer }).await
    }

    /// Hashes a password, as a PHC text.
    ///
    /// # Errors
    ///
    /// [`Busy`] if too many wait already.
    pub async fn hash(&self, chosen: Password, caller: Caller) -> Result<Zeroizing<String>, Busy> {
        self.ask(caller, |answer| Job::Hash { chosen, answer }).await
    }

    async fn ask<T>(
        &self,
        caller: Caller,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Result<T, Busy> {
        let (sender, answer) = oneshot::channel();
        let pool = self.pool.get_or_init(|| Pool::start(work));
        // The job leaves its place when the caller goes.
        let _ticket = pool.push(caller, job(sender)).ok_or(Busy)?;
        // No answer comes if the job lost its place, or its thread ended. Another try may find one.
        let answer = answer.await.map_err(|_| Busy)?;
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    /// How many passwords were hashed or checked so far, those of nobody among them.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// How many jobs wait.
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

/// Hashes a password on this thread, where nobody else waits for it: at a start, in a command.
pub fn hash_here(chosen: &Password) -> Zeroizing<String> {
    hash::new(chosen, &mut Argon2Memory::default())
}

/// Something for a thread to do, and where the answer goes.
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

/// What a thread does, one job after the other. Its memory is given back when nothing waits.
fn work(jobs: &Arc<pool::Queue<Job>>) {
    let mut memory = Argon2Memory::default();
    while let Some(job) = jobs.pop(|| memory.release()) {
        match job {
            // The caller went after the job had left its place.
            Job::Hash { answer, .. } if answer.is_closed() => {}
            Job::Verify { answer, .. } if answer.is_closed() => {}
            Job::Hash { chosen, answer } => {
                let _ = answer.send(hash::new(&chosen, &mut memory));
            }
            Job::Verify { phc, given, answer } => {
                let _ =
                    answer.send(verdict(phc.as_deref().map(String::as_str), &given, &mut memory));
            }
        }
    }
}

fn verdict(phc: Option<&str>, given: &Password, memory: &mut Argon2Memory) -> PasswordCheck {
    let stored = phc.and_then(|phc| match Stored::parse(phc) {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::error!(%error, "a stored password hash cannot be read");
            None
        }
    });
    let Some(stored) = stored else {
        Stored::of_nobody().matches(given, memory);
        return PasswordCheck::Wrong;
    };
    if !stored.matches(given, memory) {
        return PasswordCheck::Wrong;
    }
    PasswordCheck::Right { renewed: stored.renewed(given, memory) }
}

#[cfg(test)]
mod tests;
