//! Work of several callers in one transaction.
//!
//! The work of each caller is still written as a whole or not at all. If one loses a race or fails, the
//! others are written all the same. None is answered before the disk has all of them.

use scopegate_core::store::StoreError;

use super::connection::Connection;
use super::work::Work;
use super::write_connection::WriteConnection;
use crate::error::{is_lost_race, unavailable};

/// Maximum attempts to write a group: one without savepoints, one with them, and two without work that
/// failed.
const ATTEMPTS: usize = 4;

/// Maximum times a group is written again because a caller has gone meanwhile. Without this limit, callers
/// that leave one after the other would keep the others waiting.
const REWRITES: usize = 4;

/// Whether the work of each caller has a savepoint, so that it can be rolled back alone.
///
/// With a savepoint SQLite copies each page that is changed. It is needed only where a caller loses a race
/// after it has written, which is rare.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Savepoints {
    With,
    Without,
}

/// Why a group was not written.
enum Failure {
    /// The storage failed, and no caller is the cause.
    Whole(StoreError),
    /// The work of this number failed.
    Of(usize, StoreError),
    /// Work lost a race after it had written, and cannot be rolled back alone.
    HalfLost,
    /// A caller has gone whose work was written, and it cannot be rolled back alone.
    Gone,
}

impl From<StoreError> for Failure {
    fn from(cause: StoreError) -> Self {
        Self::Whole(cause)
    }
}

type Outcome = Result<(), StoreError>;

/// Writes a group and answers each caller.
pub(super) fn write(connection: &mut WriteConnection, group: &mut Vec<Box<dyn Work>>) {
    let (mut savepoints, mut attempts, mut rewrites) = (Savepoints::Without, 0, 0);
    while attempts < ATTEMPTS && !group.is_empty() {
        let looks_again = rewrites < REWRITES;
        match write_together(connection, group, savepoints, looks_again) {
            Ok(outcomes) => {
                for (work, outcome) in group.drain(..).zip(outcomes) {
                    work.answer(outcome);
                }
                return;
            }
            Err(Failure::Gone) => {
                rewrites += 1;
                continue;
            }
            Err(Failure::HalfLost) => savepoints = Savepoints::With,
            Err(Failure::Of(culprit, cause)) => group.remove(culprit).answer(Err(cause)),
            Err(Failure::Whole(cause)) => return answer_all(group, &cause),
        }
        attempts += 1;
    }
    answer_all(group, &unavailable("too many commits failed at once"));
}

/// Writes a group in one transaction. Outcomes come back only once all is on the disk.
fn write_together(
    writer: &mut WriteConnection,
    group: &mut [Box<dyn Work>],
    savepoints: Savepoints,
    looks_again: bool,
) -> Result<Vec<Outcome>, Failure> {
    // An error drops the connection, which rolls the transaction back.
    let mut connection = writer.begin()?;
    let mut outcomes = Vec::with_capacity(group.len());
    for (number, work) in group.iter_mut().enumerate() {
        if work.has_gone() {
            outcomes.push(Err(unavailable("nobody waits for the answer")));
            continue;
        }
        match write_one(number, &mut **work, &mut connection, savepoints) {
            Err(Failure::HalfLost) => {
                writer.roll_back(connection)?;
                return Err(Failure::HalfLost);
            }
            outcome => outcomes.push(outcome?),
        }
    }
    let mut written = group.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
    if looks_again && written.any(|(work, _)| work.has_gone()) {
        writer.roll_back(connection)?;
        return Err(Failure::Gone);
    }
    writer.commit(connection)?;
    Ok(outcomes)
}

/// Writes the work of one caller as a whole or not at all.
fn write_one(
    number: usize,
    work: &mut dyn Work,
    connection: &mut Connection,
    savepoints: Savepoints,
) -> Result<Outcome, Failure> {
    let is_part = savepoints == Savepoints::With;
    if is_part {
        connection.run("SAVEPOINT work")?;
    }
    let before = connection.written_rows();
    match work.run(connection) {
        Ok(()) if is_part => Ok(Ok(connection.run("RELEASE work")?)),
        Ok(()) => Ok(Ok(())),
        Err(lost) if !is_lost_race(&lost) => Err(Failure::Of(number, lost)),
        Err(lost) if is_part => {
            connection.run("ROLLBACK TO work; RELEASE work")?;
            Ok(Err(lost))
        }
        Err(lost) if connection.written_rows() == before => Ok(Err(lost)),
        Err(_) => Err(Failure::HalfLost),
    }
}

pub(super) fn answer_all(group: &mut Vec<Box<dyn Work>>, cause: &StoreError) {
    let text = match cause {
        StoreError::Unavailable(cause) => cause.to_string(),
        other => other.to_string(),
    };
    for work in group.drain(..) {
        work.answer(Err(unavailable(text.as_str())));
    }
}

#[cfg(test)]
mod tests;
