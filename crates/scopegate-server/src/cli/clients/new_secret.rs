//! A new secret of a client: random, or chosen and read from where others cannot see it.

use std::io::{Read, stdin};
use std::path::PathBuf;

use clap::Args;
use scopegate_core::catalog::ClientSecret;
use scopegate_core::client_auth::secret_mac;
use scopegate_jose::{MasterKey, random_token, sha256};
use zeroize::Zeroizing;

use crate::cli::failure::CliError;

/// The random bytes of a secret.
const SECRET_LEN: usize = 32;

/// Maximum length of a chosen secret, in bytes.
const MAX_LEN: usize = 1024;

/// Where a chosen secret is read from. Never an argument: other users of the machine can see arguments.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct SecretSource {
    /// Read the secret from the standard input, instead of a random one
    #[arg(long)]
    secret_stdin: bool,

    /// Read the secret from this file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Read the secret from this environment variable
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

impl SecretSource {
    /// Tells whether a secret was chosen.
    pub(super) fn is_given(&self) -> bool {
        self.secret_stdin || self.secret_file.is_some() || self.secret_env.is_some()
    }

    /// Reads the chosen secret. `None`: a random one is to be made.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<String>>, CliError> {
        let unreadable = |error: std::io::Error| {
            CliError::BadInput(format!("the secret cannot be read: {error}"))
        };
        let mut text = Zeroizing::new(String::with_capacity(MAX_LEN + 3));
        if let Some(path) = &self.secret_file {
            let file = std::fs::File::open(path).map_err(unreadable)?;
            file.take(MAX_LEN as u64 + 3).read_to_string(&mut text).map_err(unreadable)?;
        } else if let Some(name) = &self.secret_env {
            let value = std::env::var(name).map_err(|_| {
                CliError::BadInput(format!("the environment variable `{name}` is not set"))
            })?;
            text = Zeroizing::new(value);
        } else if self.secret_stdin {
            let input = stdin().lock().take(MAX_LEN as u64 + 3).read_to_string(&mut text);
            input.map_err(unreadable)?;
        } else {
            return Ok(None);
        }
        let length = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(length);
        check(&text)?;
        Ok(Some(text))
    }
}

fn check(secret: &str) -> Result<(), CliError> {
    let least = ClientSecret::MIN_LENGTH;
    if secret.chars().count() < least {
        return Err(CliError::BadInput(format!(
            "the secret is too short: make one of {least} random characters or more"
        )));
    }
    if secret.len() > MAX_LEN || secret.chars().any(char::is_control) {
        return Err(CliError::BadInput(format!(
            "a secret has at most {MAX_LEN} bytes on one line, without control characters"
        )));
    }
    Ok(())
}

/// A secret, and what the store keeps of it.
pub(super) struct NewSecret {
    /// The random secret, which is shown once. `None` if the secret was chosen: its owner has it.
    pub(super) shown: Option<Zeroizing<String>>,
    pub(super) kept: ClientSecret,
}

impl NewSecret {
    pub(super) fn make(chosen: Option<&str>, master_key: &MasterKey) -> Self {
        let random = chosen.is_none().then(|| Zeroizing::new(random_token(SECRET_LEN)));
        let text = chosen.or(random.as_ref().map(|text| text.as_str())).unwrap_or_default();
        let mac = secret_mac(master_key, &sha256(text.as_bytes()));
        Self { kept: ClientSecret::from_mac(mac), shown: random }
    }
}
