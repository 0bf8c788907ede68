//! SQLite writes one transaction at a time, and waits for the disk at the end of each: whoever
//! comes meanwhile shares the next one.
//!
//! Each commit is still whole or absent by itself. Of one that loses a race nothing is written and its
//! neighbours stay; none is answered before the disk has all of them.

use std::future::Future;
use std::thread;

use futures_util::FutureExt;
use scopegate_core::authority::unattended::Unattended;
use scopegate_core::store::{Change, StoreError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::database::{Database, Transaction};
use crate::error::unavailable;
use crate::ledger::{InOrder, Stopped};
use crate::{audit_events, vault};

/// How many commits share a transaction at most: each waits for all of them.
const LARGEST: usize = 128;

/// How many wait for their turn before the next one waits for a place.
const WAITING: usize = 1024;

/// So often a group waits for whoever is about to commit too.
const ROUNDS: usize = 8;

/// So often a group is tried: once boldly, once with care, and without those that failed.
const ATTEMPTS: usize = 4;

/// Maximum times a group is written again because a caller has gone in between: those who go away one
/// after the other shall not keep the others waiting.
const REWRITES: usize = 4;

/// Where commits come together. Its thread ends with the last clone.
#[derive(Clone)]
pub(crate) struct GroupCommit {
    waiting: mpsc::Sender<Waiting>,
    unattended: Unattended,
}

/// Something to be written, and who waits for it.
struct Waiting {
    work: Work,
    /// It is written only as long as its caller waits.
    grants: bool,
    answer: oneshot::Sender<Answer>,
}

enum Work {
    Changes(Vec<Change>),
    /// Writes what leaves nothing behind.
    Ping,
}

type Answer = Result<(), StoreError>;

impl GroupCommit {
    pub(crate) fn start(database: Database, unattended: Unattended) -> std::io::Result<Self> {
        let (waiting, receiver) = mpsc::channel(WAITING);
        let thread = thread::Builder::new().name("scopegate-ledger".to_owned());
        thread.spawn(move || serve(&database, receiver))?;
        Ok(Self { waiting, unattended })
    }

    /// Writes changes, all or none, in a transaction that may be others' too.
    ///
    /// If this future is dropped, what grants is not written, unless its transaction is being ended
    /// just then. All else is written.
    pub(crate) async fn commit(&self, changes: &[Change]) -> Answer {
        self.write(Work::Changes(changes.to_vec()), Change::any_grants(changes)).await
    }

    /// Fails if a commit would fail now. It waits as long as one.
    pub(crate) async fn ping(&self) -> Answer {
        self.write(Work::Ping, true).await
    }

    /// Waits until all is written that was asked for before.
    pub(crate) async fn drain(&self) {
        // Whether this one can be written is of no interest.
        let _ = self.write(Work::Changes(Vec::new()), true).await;
    }

    async fn write(&self, work: Work, grants: bool) -> Answer {
        let (answer, answered) = oneshot::channel();
        match self.waiting.try_send(Waiting { work, grants, answer }) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => return Err(stopped()),
            Err(TrySendError::Full(waiting)) if waiting.grants => {
                self.waiting.send(waiting).await.map_err(|_| stopped())?;
            }
            // It waits for its place without its caller.
            Err(TrySendError::Full(waiting)) => {
                let sender = self.waiting.clone();
                let written = async move {
                    sender.send(waiting).await.map_err(|_| stopped())?;
                    answered.await.map_err(|_| stopped())?
                };
                return self.unattended.run(written).await?;
            }
        }
        answered.await.map_err(|_| stopped())?
    }
}

fn serve(database: &Database, mut receiver: mpsc::Receiver<Waiting>) {
    let mut group = Vec::with_capacity(LARGEST);
    while receiver.blocking_recv_many(&mut group, LARGEST) > 0 {
        gather(&mut group, &mut receiver);
        write(database, &mut group, &Waiting::has_gone);
    }
}

/// Lets those go first who are about to commit too, as long as somebody comes: what a transaction
/// costs is shared by all of its group. Where the processors have nothing else to do, nobody waits.
fn gather(group: &mut Vec<Waiting>, receiver: &mut mpsc::Receiver<Waiting>) {
    for _ in 0..ROUNDS {
        let before = group.len();
        thread::yield_now();
        while group.len() < LARGEST {
            let Ok(waiting) = receiver.try_recv() else { break };
            group.push(waiting);
        }
        if group.len() == before || group.len() == LARGEST {
            return;
        }
    }
}

/// Tells whether something must not be written any more.
type HasGone = dyn Fn(&Waiting) -> bool;

/// Writes a group and answers each of it.
fn write(database: &Database, group: &mut Vec<Waiting>, has_gone: &HasGone) {
    let (mut care, mut attempts, mut rewrites) = (Care::Bold, 0, 0);
    while attempts < ATTEMPTS && !group.is_empty() {
        let looks_again = rewrites < REWRITES;
        match in_place(together(database, group, care, has_gone, looks_again)) {
            Ok(answers) => {
                for (waiting, answer) in group.drain(..).zip(answers) {
                    waiting.answer(answer);
                }
                return;
            }
            Err(Failure::Gone) => {
                rewrites += 1;
                continue;
            }
            Err(Failure::HalfLost) => care = Care::Careful,
            // What the others want to write may be well.
            Err(Failure::Of(culprit, cause)) => group.remove(culprit).answer(Err(cause)),
            Err(Failure::Whole(cause)) => return answer_all(group, &cause),
        }
        attempts += 1;
    }
    answer_all(group, &unavailable("too many commits failed at once"));
}

/// What is written here is written in this thread, and nothing of it waits for another.
fn in_place<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let waits = || Err(unavailable("a statement waits that should not").into());
    work.now_or_never().unwrap_or_else(waits)
}

/// Whether each commit can be taken back by itself. That costs a copy of each page that it touches,
/// and is of use only where a commit loses after it has written, which is rare.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Care {
    Bold,
    Careful,
}

/// Why a group was not written.
enum Failure {
    /// By no one's fault.
    Whole(StoreError),
    /// By the fault of the commit of that number.
    Of(usize, StoreError),
    /// A commit lost after it had written, and cannot be taken back by itself.
    HalfLost,
    /// The caller of a commit went away after it was written, and it cannot be taken back by itself.
    Gone,
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        Self::Whole(cause)
    }
}

/// Writes a group in one transaction; what is answered is on the disk.
async fn together(
    database: &Database,
    group: &[Waiting],
    care: Care,
    has_gone: &HasGone,
    looks_again: bool,
) -> Result<Vec<Answer>, Failure> {
    let mut transaction = database.begin_in_place().await?;
    let mut answers = Vec::with_capacity(group.len());
    let mut events = Vec::new();
    for (number, waiting) in group.iter().enumerate() {
        if has_gone(waiting) {
            answers.push(Err(unavailable("nobody waits for the answer")));
            continue;
        }
        let answer = match &waiting.work {
            Work::Ping => {
                let pinged = vault::take_and_give_back(&mut transaction).await;
                Ok(Ok(pinged.map_err(|cause| Failure::Of(number, cause))?))
            }
            Work::Changes(changes) => {
                let changes = InOrder::of(changes);
                let written = write_one(number, &changes, &mut transaction, care).await;
                if matches!(written, Ok(Ok(()))) {
                    events.extend(changes.events);
                }
                written
            }
        };
        match answer {
            Err(Failure::HalfLost) => {
                transaction.rollback().await?;
                return Err(Failure::HalfLost);
            }
            answer => answers.push(answer?),
        }
    }
    // Events touch nothing else, so that those of all commits can go together.
    audit_events::record(&mut transaction, &events).await?;
    let mut written = group.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
    if looks_again && written.any(|(waiting, _)| has_gone(waiting)) {
        transaction.rollback().await?;
        return Err(Failure::Gone);
    }
    transaction.commit().await?;
    Ok(answers)
}

/// Writes the changes of the commit of a number, or none of them.
async fn write_one(
    number: usize,
    changes: &InOrder<'_>,
    transaction: &mut Transaction,
    care: Care,
) -> Result<Answer, Failure> {
    let is_part = care == Care::Careful;
    if is_part {
        transaction.begin_part().await?;
    }
    match changes.write_changes(transaction).await {
        Ok(()) if is_part => Ok(Ok(transaction.keep_part().await?)),
        Ok(()) => Ok(Ok(())),
        Err(Stopped::Lost { cause, .. }) if is_part => {
            transaction.take_part_back().await?;
            Ok(Err(cause))
        }
        Err(Stopped::Lost { cause, has_written: false }) => Ok(Err(cause)),
        Err(Stopped::Lost { .. }) => Err(Failure::HalfLost),
        Err(Stopped::Failed(cause)) => Err(Failure::Of(number, cause)),
    }
}

impl Waiting {
    /// Tells whether it grants something to a caller who does not wait any more.
    fn has_gone(&self) -> bool {
        self.grants && self.answer.is_closed()
    }

    /// Who does not wait any more is not told.
    fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

fn answer_all(group: &mut Vec<Waiting>, cause: &StoreError) {
    let text = match cause {
        StoreError::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    };
    for waiting in group.drain(..) {
        waiting.answer(Err(unavailable(text.as_str())));
    }
}

fn stopped() -> StoreError {
    unavailable("the thread that writes has stopped")
}

#[cfg(test)]
mod tests;
