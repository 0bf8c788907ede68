//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::OpenError;

/// The parameters of a `postgres:` URL; another one would be ignored by the driver.
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
/// // Forgetting everything at the next start is never meant.
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
    /// A path stands as it is, without percent-encoding. The URL of PostgreSQL is that of libpq.
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

/// Parses what follows `postgres:`. A mistake in a URL moves pieces of its password to other places,
/// so that nothing of a wrong one is shown, and no piece is taken for a host or a database.
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

/// Tells whether a text looks like a parameter, and can be shown.
fn is_plain_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-');
    (1..=32).contains(&name.len()) && name.bytes().all(is_plain)
}

/// Tells whether a host stands there: what looks like `user:password` has been cut off too early.
fn is_plain_place(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    authority.contains('@') || port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_unknown_mode((name, value): (&str, &str)) -> bool {
    matches!(name, "sslmode" | "ssl-mode") && PgSslMode::from_str(value).is_err()
}

/// The scheme, unless the text looks like something else that was pasted by mistake.
fn shown_scheme(scheme: &str, rest: &str) -> String {
    let is_scheme = scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_scheme && rest.starts_with("//") { scheme.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        StoreUrl::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_path_stands_as_it_is_written() {
        for (text, path) in [
            ("sqlite:data/s.db", "data/s.db"),
            ("sqlite://data/s.db", "data/s.db"),
            ("sqlite:///var/s.db", "/var/s.db"),
            ("sqlite:/var/s%20.db", "/var/s%20.db"),
        ] {
            let url = StoreUrl::parse(text).unwrap();
            assert_eq!(url.sqlite_path(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_write_instead() {
        assert_eq!(
            refusal("mysql://x"),
            "the store URL has no known scheme: write `sqlite:PATH` or `postgres://HOST/DATABASE`",
        );
        assert_eq!(
            refusal("sqlite:"),
            "the store URL is not valid: no file is named: write `sqlite:PATH`",
        );
        assert_eq!(
            refusal("postgres://db/s?ssl_mode=verify-full"),
            "the store URL is not valid: there is no parameter `ssl_mode`",
        );
        assert!(refusal("sqlite:s.db?mode=ro").contains("takes no parameters"));
        assert!(refusal("sqlite::memory:").contains("name a file"));
        assert!(refusal("postgres://db:99999/s").contains("HOST:PORT"));
        assert!(refusal("postgres:db/s").contains("postgres://"));
        assert!(refusal("postgres://db/s?sslmode=full").contains("verify-full"));
    }

    #[test]
    fn no_piece_of_a_password_is_ever_shown() {
        for text in [
            "postgres://sg:hunter@db/s",
            "postgres://sg:hunter@db/s?sslmode=require",
            "postgres://sg@db/s?password=hunter",
            "postgres://sg@db/s?passwd=hunter",
            "postgres://sg:hunter@db:port/s",
            "postgres://sg:hunter@db/s?sslmode=x",
            "postgres://sg:hunter@db/s?sslmode=hunter",
            "postgres://sg:se?hunter@127.0.0.1:1/db",
            "postgres://sg:se?hunter=x@127.0.0.1:1/db",
            "postgres://sg:se?hunter&x@127.0.0.1:1/db",
            "postgres://sg:12?hunter@127.0.0.1:1/db",
            "postgres://sg:12?hunter",
            "postgres://sg:se?hunter",
            "postgres://sg:se/hunter@127.0.0.1:1/db",
            "postgres://sg:12/hunter@127.0.0.1:1/db",
            "postgres://sg:12#hunter@127.0.0.1:1/db",
            "postgres://sg:12/x?host=hunter@db",
            "postgres://sg:se@ss?hunter",
            "postgres://sg:hunter@x@db/s",
            "postgres://sg%3Ahunter@db/s",
            "postgres://sg:%hunter@db/s",
            "postgres:sg:hunter",
            "postgres:sg:hunter@db/s",
            "postgres:/sg:hunter@db/s",
            "postgresql:sg:hunter@db/s?hunter",
            "hunter:x",
            "hunter",
        ] {
            let shown = match StoreUrl::parse(text) {
                Ok(url) => format!("{url} {url:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunter"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_password_may_hold_anything_once_it_is_encoded() {
        for text in [
            "postgres://sg:a%3Fb%23c%2Fd%40e@db:5432/s?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgresql://db",
            "postgres://sg@db/s?options[statement_timeout]=5s",
            "postgres://sg:12@[::1]/s",
        ] {
            assert!(StoreUrl::parse(text).is_ok(), "{text}");
        }
    }
}
