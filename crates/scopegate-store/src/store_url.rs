//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::OpenError;

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
            "postgres" | "postgresql" => parse_postgres(text),
            _ => Err(OpenError::UnknownScheme(shown_scheme(scheme))),
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

fn parse_postgres(text: &str) -> Result<StoreUrl, OpenError> {
    if let Some(unknown) = parameter_names(text).find(|name| !is_parameter(name)) {
        return Err(OpenError::InvalidUrl(format!("there is no parameter `{unknown}`")));
    }
    let options = PgConnectOptions::from_str(text).map_err(|error| {
        OpenError::InvalidUrl(match error {
            sqlx::Error::Configuration(cause) => cause.to_string(),
            other => other.to_string(),
        })
    })?;
    Ok(StoreUrl(Location::Postgres(Box::new(options))))
}

fn parameter_names(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split('=').next().unwrap_or_default())
}

fn is_parameter(name: &str) -> bool {
    PARAMETERS.contains(&name) || name.starts_with("options[") || name.starts_with("options%5B")
}

/// The scheme, unless the text looks like something else that was pasted by mistake.
fn shown_scheme(scheme: &str) -> String {
    let is_scheme = scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_scheme { scheme.to_owned() } else { String::new() }
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
        assert!(refusal("postgres://db:99999/s").contains("port"));
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://sg:hunter2@db/s",
            "postgres://sg@db/s?password=hunter2",
            "postgres://sg@db/s?passwd=hunter2",
            "postgres://sg:hunter2@db:port/s",
            "postgres://sg:hunter2@db/s?sslmode=x",
            "hunter2:x",
            "hunter2",
        ] {
            let shown = match StoreUrl::parse(text) {
                Ok(url) => format!("{url} {url:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
