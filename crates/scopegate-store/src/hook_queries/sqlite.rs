//! Queries on a file of SQLite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, ToSql};
use scopegate_core::hooks::{SqlCall, SqlFailure};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::json::float;
use super::{CONNECTIONS, columns};

/// How long a query waits for a lock that a writer holds.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 32;

/// A file that is queried.
#[derive(Debug)]
pub(super) struct SqliteQueries {
    path: PathBuf,
    own: Option<PathBuf>,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteQueries {
    pub(super) fn new(path: &Path, own: Option<&Path>) -> Self {
        Self {
            path: path.to_owned(),
            own: own.map(Path::to_owned),
            turns: Semaphore::new(CONNECTIONS as usize),
            idle: Mutex::default(),
        }
    }

    pub(super) async fn query(
        self: &Arc<Self>,
        call: &SqlCall<'_>,
    ) -> Result<BTreeMap<String, Value>, SqlFailure> {
        let turn = tokio::time::timeout_at(call.ends_at, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| SqlFailure::Busy)?.map_err(|_| SqlFailure::Busy)?;
        let asked = Asked {
            query: call.hook.query.clone(),
            parameters: call.parameters.iter().map(parameter).collect(),
            columns: columns(call).map(str::to_owned).collect(),
        };
        if let Some(place) = asked.parameters.iter().position(Option::is_none) {
            return Err(SqlFailure::Parameter(place + 1));
        }
        let queries = Arc::clone(self);
        let connection = tokio::task::spawn_blocking(move || queries.connection());
        let connection = connection.await.map_err(|_| broken_off())??;
        // If this future is dropped at the deadline, the query ends too.
        let interrupt = Interrupt(Some(connection.get_interrupt_handle()));
        let queries = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let row = read_row(&connection, &asked);
            queries.give_back(connection);
            row
        });
        let row = work.await.map_err(|_| broken_off())?;
        interrupt.disarm();
        row
    }

    fn connection(&self) -> Result<Connection, SqlFailure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => self.open(),
        }
    }

    /// Opens the file. It is compared with the own store each time, because a file can be replaced.
    fn open(&self) -> Result<Connection, SqlFailure> {
        if self.own.as_deref().is_some_and(|own| is_same_file(own, &self.path)) {
            return Err(SqlFailure::OwnStore);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|error| failed(&error))?;
        let settings = || {
            connection.busy_timeout(LOCK_WAIT)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            // Otherwise a query could attach the own store under another name.
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")
        };
        settings().map_err(|error| failed(&error))?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        // A statement may have changed a setting of the connection, such as `query_only`.
        let is_in_order = connection.is_autocommit()
            && connection.execute_batch("PRAGMA query_only = ON").is_ok();
        if is_in_order {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// What a query needs, without borrows.
struct Asked {
    query: String,
    parameters: Vec<Option<Parameter>>,
    columns: Vec<String>,
}

/// Interrupts a query when it is dropped.
struct Interrupt(Option<InterruptHandle>);

impl Interrupt {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.interrupt();
        }
    }
}

/// The value of a parameter.
enum Parameter {
    Float(f64),
    Integer(i64),
    Null,
    Text(String),
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Float(number) => ValueRef::Real(*number),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A parameter. A list or a map is its JSON text, which SQLite's functions for JSON read.
fn parameter(value: &Value) -> Option<Parameter> {
    Some(match value {
        Value::Null => Parameter::Null,
        Value::Bool(value) => Parameter::Integer((*value).into()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Parameter::Integer(number),
            None => Parameter::Float(number.as_f64()?),
        },
        Value::String(text) => Parameter::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => Parameter::Text(value.to_string()),
    })
}

fn read_row(
    connection: &Connection,
    Asked { query, parameters, columns }: &Asked,
) -> Result<BTreeMap<String, Value>, SqlFailure> {
    let mut statement = connection.prepare_cached(query).map_err(|error| failed(&error))?;
    if !statement.readonly() {
        return Err(SqlFailure::Failed("the query writes".to_owned()));
    }
    for (number, value) in (1..).zip(parameters.iter().flatten()) {
        // `$2` is a name in SQLite, whose index is that of its first occurrence.
        let place = statement.parameter_index(&format!("${number}"));
        if let Some(place) = place.map_err(|error| failed(&error))? {
            statement.raw_bind_parameter(place, value).map_err(|error| failed(&error))?;
        }
    }
    let places: Vec<usize> = columns
        .iter()
        .map(|column| {
            let missing = |_| SqlFailure::NoColumn(column.clone());
            statement.column_index(column).map_err(missing)
        })
        .collect::<Result<_, _>>()?;
    let mut rows = statement.raw_query();
    let row = rows.next().map_err(|error| failed(&error))?.ok_or(SqlFailure::NoRow)?;
    let mut found = BTreeMap::new();
    for (column, place) in columns.iter().zip(places) {
        let wrong = || SqlFailure::Type(column.clone());
        let value = match row.get_ref(place).map_err(|error| failed(&error))? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::from(number),
            ValueRef::Real(number) => float(number).ok_or_else(wrong)?,
            ValueRef::Text(text) => Value::from(std::str::from_utf8(text).map_err(|_| wrong())?),
            ValueRef::Blob(_) => return Err(wrong()),
        };
        found.insert(column.clone(), value);
    }
    match rows.next().map_err(|error| failed(&error))? {
        None => Ok(found),
        Some(_) => Err(SqlFailure::ManyRows),
    }
}

fn broken_off() -> SqlFailure {
    SqlFailure::NoConnection("the query broke off".to_owned())
}

/// The failure for an error of the driver. Its text could quote values, so that only its code is shown.
fn failed(error: &rusqlite::Error) -> SqlFailure {
    match error {
        rusqlite::Error::SqliteFailure(cause, _) if cause.code == ErrorCode::CannotOpen => {
            SqlFailure::NoConnection("the file cannot be opened".to_owned())
        }
        rusqlite::Error::SqliteFailure(cause, _) => SqlFailure::Failed(cause.to_string()),
        rusqlite::Error::MultipleStatement => {
            SqlFailure::Failed("there is more than one statement".to_owned())
        }
        rusqlite::Error::SqlInputError { error, .. } => SqlFailure::Failed(error.to_string()),
        _ => SqlFailure::Failed("the query cannot be run".to_owned()),
    }
}

/// Tells whether two paths lead to the same file, by a link or otherwise.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if one == other {
        return true;
    }
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    let same_path = canonical(one).is_some_and(|one| canonical(other) == Some(one));
    same_path || identity(one).is_some_and(|one| identity(other) == Some(one))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}
