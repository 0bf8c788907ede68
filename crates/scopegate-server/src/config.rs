//! `scopegate.toml`: how a process runs.
//!
//! Each key can be set in the file and by an environment variable, which overrides the file:
//! `SCOPEGATE__STORE__URL` is `url` in `[store]`. Both are read by one table of keys,
//! [`Config::keys`]. An unknown key is refused with its place:
//!
//! ```text
//! scopegate.toml:3:1: unknown key "lisen": write "listen"
//! SCOPEGATE__STOR__URL: there is no such key: write SCOPEGATE__STORE__URL
//! ```
//!
//! A relative path in the file begins in the folder of the file. One in a variable begins in the
//! working folder.

mod audit;
mod draft;
mod environment;
mod file;
mod finish;
mod form;
mod hooks;
mod key;
mod keys;
mod limits;
mod listen;
mod log;
mod pkcs11;
mod problem;
mod schema;
mod setting;
mod store;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use scopegate_claims::Issuer;
use scopegate_core::limits::RequestLimits;

pub use self::audit::{AuditConfig, HistoryConfig};
use self::draft::Draft;
use self::finish::finish;
pub use self::hooks::HooksConfig;
pub use self::key::Key;
pub use self::limits::LimitsConfig;
pub use self::listen::ListenConfig;
pub use self::log::{LogConfig, LogFormat};
pub use self::pkcs11::{PIN_VARIABLE, Pkcs11Config};
use self::problem::Problems;
pub use self::problem::{ConfigError, ConfigErrors, ConfigProblem};
pub use self::store::StoreConfig;
use crate::exposure::Exposure;
use crate::listen::{ListenLimits, TlsFiles};
use crate::trusted_proxies::TrustedProxies;

/// The file that is read if no other is named.
pub const DEFAULT_FILE: &str = "scopegate.toml";

/// How a process runs.
///
/// ```
/// use scopegate_server::config::{Config, ConfigText};
///
/// let text = |content| ConfigText { name: "scopegate.toml", folder: "/etc/scopegate".as_ref(), content };
/// let file = text(b"base_url = \"https://id.example.com\"\n[store]\nurl = \"sqlite:sg.db\"\n");
/// let config = Config::read(Some(&file), []).unwrap();
/// assert_eq!(config.store.url.to_string(), "sqlite:/etc/scopegate/sg.db");
///
/// let refusal = Config::read(Some(&text(b"[lisen]\n")), []).unwrap_err();
/// assert_eq!(refusal.to_string(), r#"scopegate.toml:1:2: unknown key "lisen": write "listen""#);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The base URL. `None` means that of the public listener.
    pub base_url: Option<Issuer>,
    /// Where the process listens.
    pub listen: ListenConfig,
    /// The certificate of both listeners. Without one they speak plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The database.
    pub store: StoreConfig,
    /// The file that holds the master key. It is ignored if the environment variable holds it.
    pub master_key_file: PathBuf,
    /// The file that holds the previous or the next master key, while secrets are sealed again under
    /// another one.
    pub previous_master_key_file: Option<PathBuf>,
    /// The token that holds the signing keys. `None` means that they are in the store.
    pub pkcs11: Option<Pkcs11Config>,
    /// The proxies that are trusted to name the address that a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// The limits of connections.
    pub limits: LimitsConfig,
    /// How often unauthenticated requests may write to the storage.
    pub requests: RequestLimits,
    /// How long audit events are kept.
    pub audit: AuditConfig,
    /// How long earlier versions of the catalog are kept.
    pub history: HistoryConfig,
    /// What token hooks may use.
    pub hooks: HooksConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// The text of a configuration file.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make it")]
pub struct ConfigText<'a> {
    /// The path as it was given. Problems are shown with it.
    pub name: &'a str,
    /// The folder in which relative paths begin.
    pub folder: &'a Path,
    /// The content.
    pub content: &'a [u8],
}

/// What a configuration is read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Purpose {
    /// To run a command beside a server.
    Command,
    /// To serve, with this many descriptors.
    Serve { descriptors: u64 },
    /// To find all mistakes.
    Validate,
}

impl Config {
    /// The defaults: everything is kept in `scopegate-data` in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        finish(Draft::new(folder, None)).expect("the defaults fit together")
    }

    /// Reads the named file, or `scopegate.toml` if it exists, and the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file cannot be read or anything is wrong.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_from(file, Purpose::Command)
    }

    /// Like [`load`](Self::load), and the files that the configuration names must be there.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and if a file is missing.
    pub fn load_to_validate(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_from(file, Purpose::Validate)
    }

    /// Like [`load`](Self::load), for a process that is going to serve and may have this many
    /// descriptors.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and if there are more connections than the descriptors allow.
    pub fn load_to_serve(file: Option<&Path>, descriptors: u64) -> Result<Self, ConfigError> {
        Self::load_from(file, Purpose::Serve { descriptors })
    }

    fn load_from(file: Option<&Path>, purpose: Purpose) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os();
        let (path, content) = match file {
            Some(path) => (path, std::fs::read(path)),
            None => match std::fs::read(DEFAULT_FILE) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(Self::read_from(None, variables, purpose)?);
                }
                read => (Path::new(DEFAULT_FILE), read),
            },
        };
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let content = content.map_err(unreadable)?;
        let name = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new(""));
        let text = ConfigText { name: &name, folder, content: &content };
        Ok(Self::read_from(Some(&text), variables, purpose)?)
    }

    /// Reads a file, if there is one, and the variables that override it.
    ///
    /// Variables that do not begin with `SCOPEGATE__` are ignored.
    ///
    /// # Errors
    ///
    /// All problems. Of the TOML syntax only the first error is reported.
    pub fn read(
        file: Option<&ConfigText<'_>>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigErrors> {
        Self::read_from(file, variables, Purpose::Command)
    }

    fn read_from(
        file: Option<&ConfigText<'_>>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        purpose: Purpose,
    ) -> Result<Self, ConfigErrors> {
        let descriptors = match purpose {
            Purpose::Serve { descriptors } => Some(descriptors),
            Purpose::Command | Purpose::Validate => None,
        };
        let mut draft = Draft::new(file.map_or(Path::new(""), |file| file.folder), descriptors);
        draft.checks_files = purpose == Purpose::Validate;
        let mut problems = Problems::default();
        if let Some(file) = file {
            file::read(file, &mut draft, &mut problems);
        }
        environment::read(variables, &mut draft, &mut problems);
        let finished = match problems.is_empty() {
            true => finish(draft).map_err(Problems::from),
            // The rules about several keys are not checked then: they would report values that
            // could not be read as missing.
            false => Err(problems),
        };
        finished.map_err(|problems| problems.resolve(file))
    }

    /// The JSON Schema (2020-12) of a configuration file, for editors.
    pub fn schema() -> serde_json::Value {
        schema::schema()
    }

    /// All keys, in the order of the documentation.
    pub fn keys() -> impl Iterator<Item = &'static Key> {
        keys::all()
    }

    /// The base URL: the configured one, or that of the public listener at this address.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoBaseUrl`] if no URL can be made of the address, such as `0.0.0.0` or port
    /// 0.
    pub fn base_url(&self, public: SocketAddr) -> Result<Issuer, ConfigError> {
        if let Some(base) = &self.base_url {
            return Ok(base.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let base = Issuer::parse(&format!("{scheme}://{public}"));
        base.ok().filter(|_| public.port() != 0).ok_or(ConfigError::NoBaseUrl(public))
    }

    /// The limits of the listeners of a process that may have this many descriptors.
    pub fn listen_limits(&self, descriptors: u64) -> ListenLimits {
        let database_connections = self.store.database_connections();
        self.limits.for_listeners(descriptors, database_connections, &self.trusted_proxies)
    }

    /// Who can reach a process with this configuration.
    pub fn exposure(&self, base: &Issuer) -> Exposure {
        Exposure::of(base, &[self.listen.public, self.listen.admin])
    }
}

#[cfg(test)]
mod tests;
