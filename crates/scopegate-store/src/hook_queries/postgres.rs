//! Queries on a database of PostgreSQL.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::TryStreamExt;
use scopegate_core::hooks::{SqlCall, SqlFailure};
use serde_json::Value;
use sqlx::error::DatabaseError;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow, PgValueFormat};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column, Executor, Pool, Postgres, Row, TypeInfo, ValueRef};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::json::float;
use super::{CONNECTIONS, columns};
use crate::sql_store::SqlStore;
use crate::store_url::Location;

/// How long a connection without queries is kept.
const IDLE: Duration = Duration::from_secs(60);

/// The identity of a database: the cluster that it belongs to, and its number there. A cluster has the same
/// identifier on its replicas.
const IDENTITY: &str = "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || \
    (SELECT oid FROM pg_database WHERE datname = current_database())::text";

/// A database that is queried.
pub(super) struct PostgresQueries {
    pool: Pool<Postgres>,
    /// The own store, if it is of PostgreSQL too.
    own: Option<PgConnectOptions>,
    /// Whether the database is the own store. It is found out at the first query.
    is_own: OnceCell<bool>,
}

impl PostgresQueries {
    pub(super) fn new(options: &PgConnectOptions, own: &SqlStore) -> Self {
        let named = match options.get_application_name() {
            Some(_) => options.clone(),
            None => options.clone().application_name("scopegate-hook"),
        };
        let pool = PoolOptions::new()
            .max_connections(CONNECTIONS)
            .idle_timeout(IDLE)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let read_only = "SET default_transaction_read_only = on";
                    sqlx::raw_sql(read_only).execute(connection).await.map(drop)
                })
            })
            .connect_lazy_with(named);
        let own = match own.url().location() {
            Location::Postgres(options) => Some(PgConnectOptions::clone(options)),
            Location::Sqlite(_) => None,
        };
        Self { pool, own, is_own: OnceCell::new() }
    }

    pub(super) async fn query(
        &self,
        call: &SqlCall<'_>,
    ) -> Result<BTreeMap<String, Value>, SqlFailure> {
        let acquired = tokio::time::timeout_at(call.ends_at, self.pool.acquire()).await;
        let connection = match acquired {
            Ok(Ok(connection)) => connection,
            Ok(Err(sqlx::Error::PoolTimedOut)) => return Err(SqlFailure::Busy),
            Ok(Err(error)) => return Err(failed(&error)),
            Err(_) if self.pool.size() >= CONNECTIONS => return Err(SqlFailure::Busy),
            Err(_) => return Err(SqlFailure::NoConnection("no answer in time".to_owned())),
        };
        let mut work = Work(Some(connection));
        if self.is_own_store(work.connection()).await? {
            return Err(SqlFailure::OwnStore);
        }
        let row = read_row(work.connection(), call).await;
        match &row {
            // The connection is in order: the transaction was ended.
            Ok(_) => work.finish(),
            Err(_) => drop(work),
        }
        row
    }

    async fn is_own_store(&self, connection: &mut PgConnection) -> Result<bool, SqlFailure> {
        let Some(own) = &self.own else { return Ok(false) };
        let is_own = self.is_own.get_or_try_init(async || {
            let mut other = <PgConnection as sqlx::Connection>::connect_with(own).await?;
            let found = (identity(&mut other).await?, identity(connection).await?);
            sqlx::Connection::close(other).await?;
            Ok(found.0 == found.1)
        });
        is_own.await.copied().map_err(|error: sqlx::Error| failed(&error))
    }
}

async fn identity(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::raw_sql(IDENTITY).fetch_one(connection).await?.try_get(0)
}

/// A connection at work. If it is dropped without [`finish`](Self::finish), the connection is closed: its
/// transaction may not be ended.
struct Work(Option<PoolConnection<Postgres>>);

impl Work {
    fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is taken by `finish` and `drop` only")
    }

    fn finish(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

async fn read_row(
    connection: &mut PgConnection,
    call: &SqlCall<'_>,
) -> Result<BTreeMap<String, Value>, SqlFailure> {
    let left = call.ends_at.saturating_duration_since(Instant::now());
    // 0 would mean no limit.
    let left = left.as_millis().max(1);
    let begin = format!("BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {left}");
    let begun = connection.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await;
    begun.map_err(|error| failed(&error))?;
    let query = bound(call)?;
    let mut rows = Vec::new();
    {
        let mut answer = query.fetch(&mut *connection);
        // The second row only tells that there is more than one.
        while rows.len() < 2 {
            match answer.try_next().await.map_err(|error| failed(&error))? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
    }
    let row = match rows.as_slice() {
        [] => Err(SqlFailure::NoRow),
        [row] => claims(row, call),
        _ => Err(SqlFailure::ManyRows),
    };
    let ended = connection.execute(sqlx::raw_sql("ROLLBACK")).await;
    ended.map_err(|error| failed(&error))?;
    row
}

/// The query with its parameters. A text is a text for PostgreSQL: another type needs a cast, such as `$1::uuid`.
fn bound<'q>(call: &SqlCall<'q>) -> Result<Query<'q, Postgres, PgArguments>, SqlFailure> {
    let mut query = sqlx::query(AssertSqlSafe(call.hook.query.clone()));
    for (number, value) in (1..).zip(call.parameters) {
        let wrong = || SqlFailure::Parameter(number);
        query = match value {
            Value::Null => query.bind(None::<&str>),
            Value::Bool(value) => query.bind(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => query.bind(number),
                (None, Some(number)) => query.bind(number),
                (None, None) => return Err(wrong()),
            },
            Value::String(text) => query.bind(text.as_str()),
            Value::Array(entries) => match integers(entries) {
                Some(numbers) if !numbers.is_empty() => query.bind(numbers),
                _ => query.bind(texts(entries).ok_or_else(wrong)?),
            },
            Value::Object(_) => query.bind(value.to_string()),
        };
    }
    Ok(query)
}

fn integers(entries: &[Value]) -> Option<Vec<i64>> {
    entries.iter().map(Value::as_i64).collect()
}

fn texts(entries: &[Value]) -> Option<Vec<String>> {
    entries.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
}

fn claims(row: &PgRow, call: &SqlCall<'_>) -> Result<BTreeMap<String, Value>, SqlFailure> {
    let mut found = BTreeMap::new();
    for name in columns(call) {
        let mut known = row.columns().iter();
        let column = known.find(|column| column.name() == name);
        let column = column.ok_or_else(|| SqlFailure::NoColumn(name.to_owned()))?;
        let value = json(row, column.ordinal()).ok_or_else(|| SqlFailure::Type(name.to_owned()))?;
        found.insert(name.to_owned(), value);
    }
    Ok(found)
}

/// A value as JSON. `None` if no claim can have its type.
fn json(row: &PgRow, place: usize) -> Option<Value> {
    let raw = row.try_get_raw(place).ok()?;
    if raw.is_null() {
        return Some(Value::Null);
    }
    let is_binary = raw.format() == PgValueFormat::Binary;
    Some(match raw.type_info().name() {
        "BOOL" => row.try_get::<bool, _>(place).ok()?.into(),
        "INT2" => row.try_get::<i16, _>(place).ok()?.into(),
        "INT4" => row.try_get::<i32, _>(place).ok()?.into(),
        "INT8" => row.try_get::<i64, _>(place).ok()?.into(),
        "FLOAT4" => float(row.try_get::<f32, _>(place).ok()?.into())?,
        "FLOAT8" => float(row.try_get::<f64, _>(place).ok()?)?,
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => {
            row.try_get::<String, _>(place).ok()?.into()
        }
        "TEXT[]" | "VARCHAR[]" | "CHAR[]" | "NAME[]" => {
            row.try_get::<Vec<String>, _>(place).ok()?.into()
        }
        "INT4[]" => row.try_get::<Vec<i32>, _>(place).ok()?.into(),
        "INT8[]" => row.try_get::<Vec<i64>, _>(place).ok()?.into(),
        "JSON" => serde_json::from_slice(raw.as_bytes().ok()?).ok()?,
        // Its binary form has a byte with a version, which is 1, before the text.
        "JSONB" if is_binary => match raw.as_bytes().ok()?.split_first()? {
            (1, text) => serde_json::from_slice(text).ok()?,
            _ => return None,
        },
        "UUID" if is_binary => uuid(raw.as_bytes().ok()?)?.into(),
        _ => return None,
    })
}

/// The text of a UUID (RFC 9562 §4).
fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Some(text)
}

/// The failure for an error of the driver. The text of the database could quote values, so that only its code is
/// shown.
fn failed(error: &sqlx::Error) -> SqlFailure {
    match error.as_database_error().and_then(DatabaseError::code) {
        Some(code) => SqlFailure::Failed(code.into_owned()),
        None => match error {
            sqlx::Error::PoolTimedOut => SqlFailure::Busy,
            sqlx::Error::Io(cause) => SqlFailure::NoConnection(cause.to_string()),
            sqlx::Error::Tls(cause) => SqlFailure::NoConnection(cause.to_string()),
            sqlx::Error::Encode(_) => SqlFailure::Failed("a parameter has a wrong type".to_owned()),
            _ => SqlFailure::NoConnection("the connection broke off".to_owned()),
        },
    }
}
