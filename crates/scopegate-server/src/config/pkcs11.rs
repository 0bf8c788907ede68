//! Where the signing keys are, if they are in a PKCS#11 token.

use std::path::PathBuf;

/// The environment variable that holds the PIN itself.
pub const PIN_VARIABLE: &str = "SCOPEGATE_PKCS11_PIN";

/// Sessions with the token, and threads that use them, if the configuration sets no other number.
const SESSIONS: usize = 4;

/// A PKCS#11 token that holds the signing keys.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Pkcs11Config {
    /// The library of the vendor.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The file that holds the PIN of the user. It is ignored if the environment variable holds it.
    pub pin_file: Option<PathBuf>,
    /// How many sessions the process has with the token at most. Each signs on a thread of its own.
    pub sessions: usize,
}

impl Pkcs11Config {
    /// The token with this label, by a module, with 4 sessions. The PIN is in [`PIN_VARIABLE`].
    pub fn new(module: impl Into<PathBuf>, token: impl Into<String>) -> Self {
        Self { module: module.into(), token: token.into(), pin_file: None, sessions: SESSIONS }
    }
}

/// A configuration of a token while it is read.
#[derive(Debug, Default)]
pub(super) struct Pkcs11Draft {
    pub(super) module: Option<PathBuf>,
    pub(super) token: Option<String>,
    pub(super) pin_file: Option<PathBuf>,
    pub(super) sessions: Option<usize>,
}

impl Pkcs11Draft {
    /// `None` if no token is configured.
    pub(super) fn finish(self) -> Option<Pkcs11Config> {
        let config = Pkcs11Config::new(self.module?, self.token?);
        let sessions = self.sessions.unwrap_or(config.sessions);
        Some(Pkcs11Config { pin_file: self.pin_file, sessions, ..config })
    }
}
