//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::OpenError;

/// The parameters of a `postgres:` URL. The driver would ignore others silently.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

const SHAPE: &str = "write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with %XX for each character \
    of a part that is no letter or digit";
const STRAY: &str = "a `:` or `@` or `#` stands where none can be: write `%3A` or `%40` or `%23` within a \
    part, and `%2F` or `%3F` for a `/` or `?` of the password";
const MODES: &str =
    "`sslmode` is one of disable, allow, prefer, require, verify-ca and verify-full";

/// Where a store is: a file of SQLite, or a database of PostgreSQL.
///
/// `Display` and `Debug` never show a password.
///
/// ```
/// use scopegate_store::StoreUrl;
///
/// let url = StoreUrl::parse("postgres://sg:secret@db.example/sg?sslmode=verify-full").unwrap();
/// assert_eq!(url.to_string(), "postgres://sg@db.example:5432/sg");
///
/// // A database in memory would forget everything at the next start.
/// assert!(StoreUrl::parse("sqlite::memory:").is_err());
/// ```
#[derive(Clone)]
pub struct StoreUrl(Location);

#[derive(Clone)]
pub(crate) enum Location {
    Postgres(Box<PgConnectOptions>),
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// Parses `sqlite:PATH`, `sqlite://PATH` or `postgres://…`.
    ///
    /// A path is taken literally, without percent-encoding. A URL of PostgreSQL has the form of libpq.
    ///
    /// # Errors
    ///
    /// [`OpenError::UnknownScheme`], or [`OpenError::InvalidUrl`], which says what is wrong.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        match scheme {
            "sqlite" => parse_path(rest),
            "postgres" | "postgresql" => parse_postgres(text, rest),
            _ => Err(OpenError::UnknownScheme(shown_scheme(scheme, rest))),
        }
    }

    /// A file of SQLite.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Location::Sqlite(path.into()))
    }

    /// The file, if the store is one of SQLite.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Location::Postgres(_) => None,
            Location::Sqlite(path) => Some(path),
        }
    }

    pub(crate) fn location(&self) -> &Location {
        &self.0
    }
}

impl FromStr for StoreUrl {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        Self::parse(text)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Postgres(options) => {
                write!(f, "postgres://{}@", options.get_username())?;
                match options.get_socket() {
                    Some(socket) => write!(f, "{}", socket.display())?,
                    None => write!(f, "{}:{}", options.get_host(), options.get_port())?,
                }
                write!(f, "/{}", options.get_database().unwrap_or_default())
            }
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

fn parse_path(rest: &str) -> Result<StoreUrl, OpenError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() {
        return Err(OpenError::InvalidUrl("no file is named: write `sqlite:PATH`".into()));
    }
    if path == ":memory:" {
        return Err(OpenError::InvalidUrl(
            "a database in memory keeps nothing: name a file".into(),
        ));
    }
    if path.contains('?') {
        return Err(OpenError::InvalidUrl("`sqlite:PATH` takes no parameters".into()));
    }
    Ok(StoreUrl::sqlite(path))
}

/// Parses what follows `postgres:`.
///
/// A mistake in a URL can move parts of its password elsewhere. So nothing of an invalid URL is shown, and no
/// part of it is taken for a host or a database.
fn parse_postgres(text: &str, rest: &str) -> Result<StoreUrl, OpenError> {
    let invalid = |problem: &str| Err(OpenError::InvalidUrl(problem.to_owned()));
    let Some(rest) = rest.strip_prefix("//") else { return invalid(SHAPE) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if rest.contains(['@', '#']) {
        return invalid(STRAY);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(unknown) = parameters(query).map(|(name, _)| name).find(|name| !is_known(name)) {
        return match is_plain_name(unknown) && is_plain_place(authority) && path.len() > 1 {
            true => invalid(&format!("there is no parameter `{unknown}`")),
            false => invalid("one of its parameters is unknown"),
        };
    }
    match PgConnectOptions::from_str(text) {
        Ok(options) if options.get_username().contains(':') => invalid(STRAY),
        Ok(options) => Ok(StoreUrl(Location::Postgres(Box::new(options)))),
        Err(_) if parameters(query).any(is_unknown_mode) => invalid(MODES),
        Err(_) => invalid(SHAPE),
    }
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn is_known(name: &str) -> bool {
    PARAMETERS.contains(&name) || name.starts_with("options[") || name.starts_with("options%5B")
}

/// Tells whether a text looks like the name of a parameter, and is safe to show.
fn is_plain_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-');
    (1..=32).contains(&name.len()) && name.bytes().all(is_plain)
}

/// Tells whether a text is an authority. A text like `user:password` was cut off too early, at a character
/// of the password.
fn is_plain_place(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    authority.contains('@') || port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_unknown_mode((name, value): (&str, &str)) -> bool {
    matches!(name, "sslmode" | "ssl-mode") && PgSslMode::from_str(value).is_err()
}

/// The scheme, unless the text looks like a secret that was pasted by mistake.
fn shown_scheme(scheme: &str, rest: &str) -> String {
    let is_scheme = scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_scheme && rest.starts_with("//") { scheme.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests;
