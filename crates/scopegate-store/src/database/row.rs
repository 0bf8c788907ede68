//! What goes into a statement and what comes out of it.

use scopegate_core::store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Type};

/// A value for a placeholder.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Bytes(&'a [u8]),
    Integer(Option<i64>),
    Text(Option<&'a str>),
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
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

    /// A number that is never negative.
    pub(crate) fn number(&self, column: &str) -> Result<u64, StoreError> {
        let number: i64 = self.value(column)?;
        u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("`{column}` is {number}")))
    }

    fn value<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
    {
        let value = match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        };
        value.map_err(|error| StoreError::Corrupt(format!("`{column}`: {error}")))
    }
}
