//! Deletes that touch any number of rows, in transactions that are short.
//!
//! SQLite has one writer: whoever wants to write waits for the transaction of whoever does. So a batch
//! is as large as can be deleted in a few milliseconds, and after each one others have their turn.

use std::time::{Duration, Instant};

use scopegate_core::store::StoreError;

use crate::database::{Database, Value};

/// A batch that takes longer than this is followed by a smaller one.
const TOO_LONG: Duration = Duration::from_millis(8);

/// How many rows a batch has: at first, at least and at most.
const FIRST: u64 = 64;
const SMALLEST: u64 = 8;
const LARGEST: u64 = 256;

/// After so many batches their part of the log is taken into the file.
const BATCHES_IN_LOG: u64 = 8;

/// Deletes all rows that a statement finds; the answer is how many there were.
///
/// The statement deletes at most `$2` rows of those that `$1` bounds.
pub(crate) async fn delete(
    database: &Database,
    statement: &'static str,
    bound: Value<'_>,
) -> Result<u64, StoreError> {
    let (mut deleted, mut size) = (0, FIRST);
    let mut batch: u64 = 0;
    loop {
        batch += 1;
        let mut transaction = database.begin().await?;
        let began = Instant::now();
        let rows = transaction.execute_locking(statement, &[bound, size.into()]).await?;
        transaction.commit().await?;
        deleted += rows;
        if rows < size {
            return Ok(deleted);
        }
        let took = began.elapsed();
        size = next(size, took);
        if batch.is_multiple_of(BATCHES_IN_LOG) {
            database.take_in_log().await?;
        }
        // Others have at least half of the time.
        tokio::time::sleep(took).await;
    }
}

/// The size of the batch that follows one of a size which took so long.
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
