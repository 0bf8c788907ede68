//! Writes that happen together or not at all.

use std::sync::OnceLock;

use scopegate_core::store::{Contested, StoreError};
use sqlx::AssertSqlSafe;

use super::session::Session;
use super::{Decode, Value};
use crate::error::lost_if_taken;

/// How many rows one `INSERT` writes: a few sizes only, so that the prepared statements stay few.
const BATCHES: [usize; 3] = [64, 8, 1];

/// A statement that writes any number of rows, where it says `{rows}`.
pub(crate) struct Insert {
    statement: &'static str,
    width: usize,
    /// The same for each size of a batch, made when it is needed first.
    texts: [OnceLock<String>; BATCHES.len()],
}

impl Insert {
    /// A statement whose rows have so many values each.
    pub(crate) const fn new(statement: &'static str, width: usize) -> Self {
        Self { statement, width, texts: [const { OnceLock::new() }; BATCHES.len()] }
    }
}

/// A transaction; dropped before its end, it is rolled back.
pub(crate) struct Transaction(Session);

impl Transaction {
    pub(super) async fn begin(
        mut session: Session,
        begin: &'static str,
    ) -> Result<Self, StoreError> {
        session.run(begin).await?;
        Ok(Self(session))
    }

    /// Runs a statement; the answer is how many rows it wrote.
    pub(crate) async fn execute(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.0.execute(statement, values).await
    }

    /// Runs a statement that writes one row, if the row is as the statement asks for, and nobody else has
    /// taken its key.
    pub(crate) async fn change(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        of: Contested,
    ) -> Result<(), StoreError> {
        match self.execute(statement, values).await {
            Ok(1) => Ok(()),
            Ok(_) => Err(StoreError::Changed(of)),
            Err(error) => Err(lost_if_taken(error, of)),
        }
    }

    /// Writes rows, given value by value.
    pub(crate) async fn insert(
        &mut self,
        insert: &'static Insert,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let Insert { statement, width, texts } = insert;
        let (mut written, mut rest) = (0, values);
        for (batch, text) in BATCHES.into_iter().zip(texts) {
            let mut chunks = rest.chunks_exact(batch * width);
            for chunk in &mut chunks {
                let text = text.get_or_init(|| with_rows(statement, batch, *width));
                written += self.0.execute(AssertSqlSafe(text.as_str()), chunk).await?;
            }
            rest = chunks.remainder();
        }
        Ok(written)
    }

    /// Runs a statement and decodes the rows of its answer.
    pub(crate) async fn fetch<T: Send>(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.0.fetch(statement, values, decode).await
    }

    /// Runs the statements of a migration.
    pub(crate) async fn run(&mut self, statements: String) -> Result<(), StoreError> {
        self.0.run(AssertSqlSafe(statements)).await
    }

    /// Runs a statement that only PostgreSQL has a use for.
    pub(crate) async fn on_postgres(&mut self, statement: &'static str) -> Result<(), StoreError> {
        match self.0.is_postgres() {
            true => self.0.execute(statement, &[]).await.map(drop),
            false => Ok(()),
        }
    }

    /// Runs a statement that writes the rows which a subselect finds.
    ///
    /// PostgreSQL locks them where the subselect says `{locked}`, in its order: where everybody
    /// keeps to the same, nobody waits in a circle. Where it says `{free}`, rows that somebody else
    /// has locked are passed over. In SQLite nobody else writes meanwhile.
    pub(crate) async fn execute_locking(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let [locked, free] = match self.0.is_postgres() {
            true => ["FOR UPDATE", "FOR UPDATE SKIP LOCKED"],
            false => ["", ""],
        };
        let statement = statement.replace("{locked}", locked).replace("{free}", free);
        self.0.execute(AssertSqlSafe(statement), values).await
    }

    /// Runs a `SELECT`. Where it says `{shared}`, PostgreSQL keeps the rows as they are until the end of
    /// the transaction.
    pub(crate) async fn fetch_shared<T: Send>(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let shared = if self.0.is_postgres() { "FOR SHARE" } else { "" };
        self.0.fetch(AssertSqlSafe(statement.replace("{shared}", shared)), values, decode).await
    }

    /// Runs a statement that names any number of values where it says `{values}`.
    ///
    /// It locks as [`execute_locking`](Self::execute_locking) does.
    pub(crate) async fn execute_locking_for_each(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
        let locked = if self.0.is_postgres() { "FOR UPDATE" } else { "" };
        let statement =
            statement.replace("{values}", &places.join(", ")).replace("{locked}", locked);
        self.0.execute(AssertSqlSafe(statement), values).await
    }

    /// Begins a part that can be taken back without the rest.
    pub(crate) async fn begin_part(&mut self) -> Result<(), StoreError> {
        self.0.execute("SAVEPOINT part", &[]).await.map(drop)
    }

    /// Makes the part one with the rest.
    pub(crate) async fn keep_part(&mut self) -> Result<(), StoreError> {
        self.0.execute("RELEASE part", &[]).await.map(drop)
    }

    /// Leaves nothing of the part.
    pub(crate) async fn take_part_back(&mut self) -> Result<(), StoreError> {
        self.0.run("ROLLBACK TO part; RELEASE part").await
    }

    /// Lets the statements that follow take long.
    pub(crate) async fn allow_long(&mut self) -> Result<(), StoreError> {
        self.0.allow_long().await
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.0.run("COMMIT").await?;
        self.0.finish();
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), StoreError> {
        self.0.run("ROLLBACK").await?;
        self.0.finish();
        Ok(())
    }
}

/// `{rows}` replaced by `($1, $2), ($3, $4)`.
fn with_rows(statement: &str, rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let places = (1..=width).map(|place| format!("${}", row * width + place));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    statement.replace("{rows}", &(0..rows).map(row).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_placeholders() {
        assert_eq!(with_rows("VALUES {rows}", 2, 2), "VALUES ($1, $2), ($3, $4)");
        assert_eq!(with_rows("VALUES {rows} END", 1, 1), "VALUES ($1) END");
    }
}
