//! Several jobs in one transaction.
//!
//! Each job is still written as a whole or not at all. If one loses a race or fails, the others are
//! written all the same. None is answered before the disk has all of them.

use scopegate_core::store::StoreError;

use super::connection::Connection;
use super::queued::Queued;
use super::write_connection::WriteConnection;
use crate::database::job::is_lost_race;
use crate::error::unavailable;

/// Maximum attempts to write a group: one without savepoints, one with them, and two without jobs that
/// failed.
const ATTEMPTS: usize = 4;

/// Maximum times a group is written again because a caller has gone meanwhile. Without this limit, callers
/// that leave one after the other would keep the others waiting.
const REWRITES: usize = 4;

/// Whether each job has a savepoint, so that it can be rolled back alone.
///
/// With a savepoint SQLite copies each page that the job changes. It is needed only where a job loses a
/// race after it has written, which is rare.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Savepoints {
    With,
    Without,
}

/// Why a group was not written.
enum Failure {
    /// The storage failed, and no job is the cause.
    Whole(StoreError),
    /// The job of this number failed.
    Of(usize, StoreError),
    /// A job lost a race after it had written, and cannot be rolled back alone.
    HalfLost,
    /// The caller of a job that was written has gone, and the job cannot be rolled back alone.
    Gone,
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        Self::Whole(cause)
    }
}

type Outcome = Result<(), StoreError>;

/// Writes a group of jobs and answers each of them.
pub(super) fn write(connection: &mut WriteConnection, jobs: &mut Vec<Box<dyn Queued>>) {
    let (mut savepoints, mut attempts, mut rewrites) = (Savepoints::Without, 0, 0);
    while attempts < ATTEMPTS && !jobs.is_empty() {
        let looks_again = rewrites < REWRITES;
        match write_together(connection, jobs, savepoints, looks_again) {
            Ok(outcomes) => {
                for (job, outcome) in jobs.drain(..).zip(outcomes) {
                    job.answer(outcome);
                }
                return;
            }
            Err(Failure::Gone) => {
                rewrites += 1;
                continue;
            }
            Err(Failure::HalfLost) => savepoints = Savepoints::With,
            Err(Failure::Of(culprit, cause)) => jobs.remove(culprit).answer(Err(cause)),
            Err(Failure::Whole(cause)) => return answer_all(jobs, &cause),
        }
        attempts += 1;
    }
    answer_all(jobs, &unavailable("too many jobs failed at once"));
}

/// Writes a group in one transaction. Outcomes come back only once all is on the disk.
fn write_together(
    writer: &mut WriteConnection,
    jobs: &mut [Box<dyn Queued>],
    savepoints: Savepoints,
    looks_again: bool,
) -> Result<Vec<Outcome>, Failure> {
    // After an error it is dropped, which rolls the transaction back.
    let mut connection = writer.begin()?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for (number, job) in jobs.iter_mut().enumerate() {
        if job.has_gone() {
            outcomes.push(Err(unavailable("nobody waits for the answer")));
            continue;
        }
        match write_one(number, &mut **job, &mut connection, savepoints) {
            Err(Failure::HalfLost) => {
                writer.roll_back(connection)?;
                return Err(Failure::HalfLost);
            }
            outcome => outcomes.push(outcome?),
        }
    }
    let mut written = jobs.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
    if looks_again && written.any(|(job, _)| job.has_gone()) {
        writer.roll_back(connection)?;
        return Err(Failure::Gone);
    }
    writer.commit(connection)?;
    Ok(outcomes)
}

/// Writes a job as a whole or not at all.
fn write_one(
    number: usize,
    job: &mut dyn Queued,
    connection: &mut Connection,
    savepoints: Savepoints,
) -> Result<Outcome, Failure> {
    let is_part = savepoints == Savepoints::With;
    if is_part {
        connection.run("SAVEPOINT job")?;
    }
    let before = connection.written_rows();
    match job.run(connection) {
        Ok(()) if is_part => Ok(Ok(connection.run("RELEASE job")?)),
        Ok(()) => Ok(Ok(())),
        Err(lost) if !is_lost_race(&lost) => Err(Failure::Of(number, lost)),
        Err(lost) if is_part => {
            connection.run("ROLLBACK TO job; RELEASE job")?;
            Ok(Err(lost))
        }
        Err(lost) if connection.written_rows() == before => Ok(Err(lost)),
        Err(_) => Err(Failure::HalfLost),
    }
}

fn answer_all(jobs: &mut Vec<Box<dyn Queued>>, cause: &StoreError) {
    let text = match cause {
        StoreError::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    };
    for job in jobs.drain(..) {
        job.answer(Err(unavailable(text.as_str())));
    }
}

#[cfg(test)]
mod tests;
