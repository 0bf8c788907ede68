//! Why a hook gave no answer that can be used.

use super::patch::BadPatch;
use crate::catalog::UnopenedSecret;
use crate::expression::EvaluationError;

/// Why a hook gave no answer that can be used. No text contains a value of a token, of the answer or a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookFailure {
    /// The patch cannot be applied. Nothing of it was.
    #[error(transparent)]
    BadPatch(#[from] BadPatch),
    /// The maximum number of calls is running.
    #[error("the maximum number of calls is running")]
    Busy,
    /// The hook failed several times in a row, and is not called for a moment.
    #[error("it failed several times in a row and is not called for a moment")]
    CircuitOpen,
    /// The answer is compressed. This server asks for an answer that is not.
    #[error("the answer is compressed")]
    Encoded,
    /// There is no connection, or it broke off. The text comes from the system or a library.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The program that serves has no hook of this name, or no network.
    #[error("the program that serves has no such hook")]
    NotInProgram,
    /// A parameter of a query cannot be computed.
    #[error("a parameter cannot be computed: {0}")]
    Parameter(EvaluationError),
    /// The hook of the program failed.
    #[error("the hook of the program failed: {0}")]
    Program(String),
    /// The answer is a redirect, which is not followed.
    #[error("the answer was a redirect ({0})")]
    Redirect(u16),
    /// The secret does not open.
    #[error(transparent)]
    Secret(#[from] UnopenedSecret),
    /// A query gave no row that can be used.
    #[error(transparent)]
    Sql(#[from] SqlFailure),
    /// The answer has an HTTP status other than 200 and 204.
    #[error("the answer had the status {0}")]
    Status(u16),
    /// The answer did not come in time.
    #[error("no answer in time")]
    TimedOut,
    /// The token endpoint that the hook needs gave no token.
    #[error("its token endpoint gave no token: {0}")]
    TokenEndpoint(String),
    /// The answer is longer than 256 KiB.
    #[error("the answer is longer than 256 KiB")]
    TooLarge,
    /// There is no such hook, or this version cannot read it.
    #[error("there is no such hook, or this version cannot read it")]
    Unknown,
    /// The answer is not of a known form.
    #[error("the answer is not readable: {0}")]
    Unreadable(&'static str),
}

/// Why a query gave no row that can be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlFailure {
    /// All connections are in use.
    #[error("all connections are in use")]
    Busy,
    /// The database refused the statement. The text is its code (SQLSTATE for PostgreSQL).
    #[error("the database refused the query ({0})")]
    Failed(String),
    /// There is more than one row.
    #[error("the query gave more than one row")]
    ManyRows,
    /// The answer has no such column.
    #[error("the answer has no column {0:?}")]
    NoColumn(String),
    /// The database cannot be reached. The text comes from the system or a library.
    #[error("the database cannot be reached: {0}")]
    NoConnection(String),
    /// There is no row.
    #[error("the query gave no row")]
    NoRow,
    /// The connection leads to the store of this server.
    #[error("the connection leads to the store of this server")]
    OwnStore,
    /// A parameter has a type that the query does not take. The number counts from 1.
    #[error("parameter {0} has a type that the query does not take")]
    Parameter(usize),
    /// A column has a type that no claim can have.
    #[error("the column {0:?} has a type that no claim can have")]
    Type(String),
    /// `scopegate.toml` has no connection of this name.
    #[error("scopegate.toml has no such connection in [hooks.connections]")]
    UnknownConnection,
}

impl HookFailure {
    /// A name from a fixed list, for metrics and the audit log.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::BadPatch(_) => "bad_patch",
            Self::Busy => "busy",
            Self::CircuitOpen => "circuit_open",
            Self::Encoded => "encoded",
            Self::NoConnection(_) => "no_connection",
            Self::NotInProgram => "not_in_program",
            Self::Parameter(_) => "parameter",
            Self::Program(_) => "program",
            Self::Redirect(_) => "redirect",
            Self::Secret(_) => "secret",
            Self::Sql(failure) => failure.label(),
            Self::Status(_) => "status",
            Self::TimedOut => "timed_out",
            Self::TokenEndpoint(_) => "token_endpoint",
            Self::TooLarge => "too_large",
            Self::Unknown => "unknown",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Tells whether the service of the hook is probably not well, so that further calls would fail too.
    pub(super) const fn is_of_service(&self) -> bool {
        match self {
            Self::Encoded
            | Self::NoConnection(_)
            | Self::Program(_)
            | Self::Redirect(_)
            | Self::Sql(SqlFailure::Failed(_) | SqlFailure::NoConnection(_))
            | Self::Status(_)
            | Self::TimedOut
            | Self::TokenEndpoint(_)
            | Self::TooLarge
            | Self::Unreadable(_) => true,
            Self::BadPatch(_)
            | Self::Busy
            | Self::CircuitOpen
            | Self::NotInProgram
            | Self::Parameter(_)
            | Self::Secret(_)
            | Self::Sql(_)
            | Self::Unknown => false,
        }
    }
}

impl SqlFailure {
    const fn label(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Failed(_) => "sql_failed",
            Self::ManyRows => "sql_many_rows",
            Self::NoColumn(_) => "sql_no_column",
            Self::NoConnection(_) => "no_connection",
            Self::NoRow => "sql_no_row",
            Self::OwnStore => "sql_own_store",
            Self::Parameter(_) => "parameter",
            Self::Type(_) => "sql_type",
            Self::UnknownConnection => "sql_unknown_connection",
        }
    }
}
