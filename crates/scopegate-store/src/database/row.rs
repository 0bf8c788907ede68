//! What goes into a statement and what comes out of it.

use std::cell::Cell;
use std::fmt::Display;

use rusqlite::types::FromSql;
use scopegate_claims::UnixTime;
use scopegate_core::store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Type};

/// A value for a placeholder.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Bytes(Option<&'a [u8]>),
    Integer(Option<i64>),
    Text(Option<&'a str>),
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a [u8; 32]> for Value<'a> {
    fn from(hash: &'a [u8; 32]) -> Self {
        Self::Bytes(Some(hash))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

/// What is more than a column holds becomes the most that it holds, which no row has.
impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<UnixTime> for Value<'_> {
    fn from(time: UnixTime) -> Self {
        time.as_seconds().into()
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

/// A row of an answer.
pub(crate) enum Row<'a> {
    /// With the place after that of the column that was asked for last.
    InPlace(&'a rusqlite::Row<'a>, Cell<usize>),
    Postgres(&'a PgRow),
    Sqlite(&'a SqliteRow),
}

impl<'a> From<&'a PgRow> for Row<'a> {
    fn from(row: &'a PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl<'a> From<&'a SqliteRow> for Row<'a> {
    fn from(row: &'a SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl<'a> Row<'a> {
    pub(super) fn in_place(row: &'a rusqlite::Row<'a>) -> Self {
        Self::InPlace(row, Cell::new(0))
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
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: FromSql,
    {
        let corrupt = |error: &dyn Display| StoreError::Corrupt(format!("`{column}`: {error}"));
        match self {
            Self::InPlace(row, next) => {
                let place = place(row, column, next);
                place.and_then(|place| row.get(place)).map_err(|error| corrupt(&error))
            }
            Self::Postgres(row) => row.try_get(column).map_err(|error| corrupt(&error)),
            Self::Sqlite(row) => row.try_get(column).map_err(|error| corrupt(&error)),
        }
    }
}

/// The place of a column. They are mostly asked for in their order, so the next one is tried first.
fn place(row: &rusqlite::Row<'_>, column: &str, next: &Cell<usize>) -> rusqlite::Result<usize> {
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    let place = match statement.column_name(next.get()) {
        Ok(name) if name == column => next.get(),
        _ => statement.column_index(column)?,
    };
    next.set(place + 1);
    Ok(place)
}

fn as_unsigned(column: &str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("`{column}` is {number}")))
}

fn as_hash(column: &str, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("`{column}` is no SHA-256")))
}
