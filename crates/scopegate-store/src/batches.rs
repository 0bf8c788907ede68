//! Deletes that touch any number of rows, in short transactions.
//!
//! SQLite has one writer, so every commit waits for the transaction before it. A batch is as large as can
//! be deleted in a few milliseconds, and after each batch other commits have their turn.

use std::time::{Duration, Instant};

use scopegate_claims::UnixTime;
use scopegate_core::store::StoreError;

use crate::database::{Database, Job, Transaction, Value};

/// A batch that takes longer than this is followed by a smaller one.
const TOO_LONG: Duration = Duration::from_millis(8);

/// Rows of the first batch, and the limits of the others.
const FIRST: u64 = 64;
const SMALLEST: u64 = 8;
const LARGEST: u64 = 256;

/// Batches after which their part of SQLite's log is copied into the file.
const BATCHES_IN_LOG: u64 = 8;

/// Which rows a statement deletes.
#[derive(Clone)]
pub(crate) enum Bound {
    /// Those that have expired at this time.
    Time(UnixTime),
    /// Those whose ids are below this one.
    Id(String),
}

/// Deletes all rows that a statement finds, and answers how many there were.
///
/// The statement deletes at most `$2` rows of those that `$1` bounds.
pub(crate) async fn delete(
    database: &Database,
    statement: &'static str,
    bound: Bound,
) -> Result<u64, StoreError> {
    let (mut deleted, mut size) = (0, FIRST);
    let mut batch: u64 = 0;
    loop {
        batch += 1;
        let began = Instant::now();
        let job = DeleteSome { statement, bound: bound.clone(), size };
        let (rows, took) = database.write(job).await?;
        deleted += rows;
        if rows < size {
            return Ok(deleted);
        }
        size = next(size, took);
        if batch.is_multiple_of(BATCHES_IN_LOG) {
            database.checkpoint().await?;
        }
        // Other commits have at least half of the time.
        tokio::time::sleep(began.elapsed()).await;
    }
}

/// Deletes some rows, and answers how many and how long that took.
struct DeleteSome {
    statement: &'static str,
    bound: Bound,
    size: u64,
}

impl Job for DeleteSome {
    type Answer = (u64, Duration);

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<Self::Answer, StoreError> {
        let began = Instant::now();
        let bound = match &self.bound {
            Bound::Time(time) => Value::from(*time),
            Bound::Id(id) => Value::from(id.as_str()),
        };
        let values = [bound, self.size.into()];
        let rows = transaction.execute_locking(self.statement, &values).await?;
        Ok((rows, began.elapsed()))
    }
}

/// The size of the batch that follows one of `size` rows which took a time.
fn next(size: u64, took: Duration) -> u64 {
    let next = if took > TOO_LONG {
        size / 2
    } else if took < TOO_LONG / 3 {
        size * 2
    } else {
        size
    };
    next.clamp(SMALLEST, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_took_long_is_followed_by_a_smaller_one() {
        let after = |size, milliseconds| next(size, Duration::from_millis(milliseconds));
        assert_eq!(after(64, 1), 128);
        assert_eq!(after(64, 4), 64);
        assert_eq!(after(64, 9), 32);
        assert_eq!(after(SMALLEST, 1000), SMALLEST);
        assert_eq!(after(LARGEST, 0), LARGEST);
    }
}
