//! What comes out of a statement.

use std::cell::Cell;
use std::fmt::Display;

use rusqlite::types::FromSql;
use scopegate_claims::UnixTime;
use scopegate_core::store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{Row as _, Type};

/// Decodes one row.
pub(crate) type Decode<T> = fn(&Row<'_>) -> Result<T, StoreError>;

/// A row of an answer.
pub(crate) struct Row<'a>(Driver<'a>);

enum Driver<'a> {
    Postgres(&'a PgRow),
    /// With the position of the column that is probably read next.
    Sqlite(&'a rusqlite::Row<'a>, Cell<usize>),
}

impl<'a> Row<'a> {
    pub(super) const fn postgres(row: &'a PgRow) -> Self {
        Self(Driver::Postgres(row))
    }

    pub(super) const fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self(Driver::Sqlite(row, Cell::new(0)))
    }
}

impl Row<'_> {
    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.value(column)
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.value(column)
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.value(column)
    }

    pub(crate) fn optional_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.value(column)
    }

    /// A SHA-256.
    pub(crate) fn hash(&self, column: &str) -> Result<[u8; 32], StoreError> {
        as_hash(column, self.bytes(column)?)
    }

    pub(crate) fn optional_hash(&self, column: &str) -> Result<Option<[u8; 32]>, StoreError> {
        self.optional_bytes(column)?.map(|bytes| as_hash(column, bytes)).transpose()
    }

    /// A number that is never negative.
    pub(crate) fn number(&self, column: &str) -> Result<u64, StoreError> {
        as_unsigned(column, self.value(column)?)
    }

    pub(crate) fn optional_number(&self, column: &str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = self.value(column)?;
        number.map(|number| as_unsigned(column, number)).transpose()
    }

    pub(crate) fn time(&self, column: &str) -> Result<UnixTime, StoreError> {
        self.number(column).map(UnixTime::from_seconds)
    }

    fn value<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres> + FromSql,
    {
        let corrupt = |error: &dyn Display| StoreError::Corrupt(format!("`{column}`: {error}"));
        match &self.0 {
            Driver::Postgres(row) => row.try_get(column).map_err(|error| corrupt(&error)),
            Driver::Sqlite(row, next) => {
                let position = position(row, column, next);
                position.and_then(|position| row.get(position)).map_err(|error| corrupt(&error))
            }
        }
    }
}

/// The position of a column. Columns are mostly read in their order, so the next one is tried first.
fn position(row: &rusqlite::Row<'_>, column: &str, next: &Cell<usize>) -> rusqlite::Result<usize> {
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    let position = match statement.column_name(next.get()) {
        Ok(name) if name == column => next.get(),
        _ => statement.column_index(column)?,
    };
    next.set(position + 1);
    Ok(position)
}

fn as_unsigned(column: &str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("`{column}` is {number}")))
}

fn as_hash(column: &str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("`{column}` is no SHA-256")))
}
