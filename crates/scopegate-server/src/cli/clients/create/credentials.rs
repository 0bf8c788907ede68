//! The credentials of a new client.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use scopegate_core::catalog::{ClientId, ClientSecret};
use scopegate_jose::{Algorithm, Jwk, SigningKey, VerifyingKey};
use scopegate_server::private_file;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::new_secret::NewSecret;
use crate::cli::failure::CliError;
use crate::cli::{console, input};

/// Maximum keys of a client.
const MAX_KEYS: usize = 16;

/// The credentials of a new client.
pub(super) enum Credentials {
    /// Public keys that the client already has.
    Keys(Vec<Jwk>),
    /// A new key, whose private part is in this file.
    NewKey(Jwk, PathBuf),
    /// A new secret.
    Secret(NewSecret),
}

impl Credentials {
    /// Makes a key and writes it to a new file.
    pub(super) fn of_new_key(path: &Path) -> Result<Self, CliError> {
        let failed = |error| CliError::failed(&error);
        let key = SigningKey::generate(Algorithm::Es256).map_err(failed)?;
        let json = key.to_private_jwk().map_err(failed)?;
        let written = private_file::create(path).and_then(|mut file| {
            file.write_all(json.as_bytes()).and_then(|()| file.write_all(b"\n"))?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(Self::NewKey(key.public_jwk(), path.to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(CliError::Failed(format!(
                    "{} is there already: it is not overwritten",
                    path.display()
                )))
            }
            Err(error) => {
                Err(CliError::Failed(format!("cannot write {}: {error}", path.display())))
            }
        }
    }

    pub(super) fn secrets(&self) -> Vec<ClientSecret> {
        match self {
            Self::Secret(secret) => vec![secret.kept.clone()],
            Self::Keys(_) | Self::NewKey(..) => Vec::new(),
        }
    }

    pub(super) fn keys(&self) -> Vec<Jwk> {
        match self {
            Self::Keys(keys) => keys.clone(),
            Self::NewKey(key, _) => vec![key.clone()],
            Self::Secret(_) => Vec::new(),
        }
    }

    /// Prints what the owner of the client needs.
    pub(super) fn hand_out(&self, client: &ClientId) -> Result<(), CliError> {
        match self {
            Self::Keys(keys) => {
                console::notice(&format!("made the client `{client}` with {} key(s)", keys.len()));
                Ok(())
            }
            Self::NewKey(_, path) => {
                let path = path.display();
                console::notice(&format!(
                    "made the client `{client}`; its private key is in {path}"
                ));
                Ok(())
            }
            Self::Secret(NewSecret { shown: None, .. }) => {
                console::notice(&format!("made the client `{client}` with the given secret"));
                Ok(())
            }
            Self::Secret(NewSecret { shown: Some(secret), .. }) => {
                console::notice(&format!(
                    "made the client `{client}`; its secret is shown this once:"
                ));
                console::result(secret)
            }
        }
    }

    /// Prints the client, with a secret that was made.
    pub(super) fn hand_out_as_json(&self, mut client: Value) -> Result<(), CliError> {
        match self {
            Self::Secret(NewSecret { shown: Some(secret), .. }) => {
                client["secret"] = Value::from(secret.as_str());
            }
            Self::NewKey(_, path) => client["key_file"] = path.display().to_string().into(),
            Self::Keys(_) | Self::Secret(_) => {}
        }
        console::result(&format!("{client:#}"))
    }

    /// Deletes the key file of a client that could not be made.
    pub(super) fn take_back(&self) {
        if let Self::NewKey(_, path) = self {
            // If this fails, the file that is left holds a key that no client has.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Reads a file with public keys.
pub(super) fn read_key_file(path: &Path) -> Result<Vec<Jwk>, CliError> {
    let refuse = |problem| CliError::BadInput(format!("{}: {problem}", path.display()));
    read_keys(&input::read(path)?).map_err(refuse)
}

/// Reads a JWK set (RFC 7517 §5) or a single JWK. One unusable key refuses the file: the client may
/// be going to sign with that key.
fn read_keys(json: &[u8]) -> Result<Vec<Jwk>, String> {
    #[derive(Deserialize)]
    struct File<'a> {
        #[serde(borrow)]
        keys: Option<Vec<&'a RawValue>>,
    }

    let text = std::str::from_utf8(json).map_err(|_| "not UTF-8")?;
    let file: File<'_> =
        serde_json::from_str(text).map_err(|error| format!("not a JWK: {error}"))?;
    let entries = match file.keys {
        Some(keys) => keys.into_iter().map(RawValue::get).collect(),
        None => vec![text],
    };
    if !(1..=MAX_KEYS).contains(&entries.len()) {
        return Err(format!("a client has 1 to {MAX_KEYS} keys, not {}", entries.len()));
    }
    let mut kids = BTreeSet::new();
    let number = entries.len();
    let read = entries.into_iter().zip(1..).map(|(entry, place)| {
        let key = Jwk::parse(entry).and_then(|key| VerifyingKey::from_jwk(&key).map(|_| key));
        let key = key.map_err(|problem| format!("key {place}: {problem}"))?;
        match key.kid() {
            None if number > 1 => Err(format!("key {place}: each of several keys needs a kid")),
            Some(kid) if !kids.insert(kid.to_owned()) => {
                Err(format!("key {place}: an earlier key has the same kid"))
            }
            _ => Ok(key),
        }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(algorithm: Algorithm, kid: &str) -> String {
        let key = SigningKey::generate(algorithm).unwrap().with_kid(kid).unwrap();
        serde_json::to_string(&key.public_jwk()).unwrap()
    }

    #[test]
    fn a_file_holds_one_key_or_a_set() {
        let (one, two) = (public(Algorithm::Es256, "1"), public(Algorithm::EdDsa, "2"));
        assert_eq!(read_keys(one.as_bytes()).unwrap().len(), 1);
        let set = format!(r#"{{"keys":[{one},{two}]}}"#);
        assert_eq!(read_keys(set.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn one_unusable_key_refuses_the_file() {
        let good = public(Algorithm::Es256, "1");
        let private = SigningKey::generate(Algorithm::Es256).unwrap().to_private_jwk().unwrap();
        for (json, problem) in [
            (
                format!(r#"{{"keys":[{good},{}]}}"#, *private),
                "key 2: the key holds private key material",
            ),
            (format!(r#"{{"keys":[{good},{good}]}}"#), "key 2: an earlier key has the same kid"),
            (r#"{"keys":[]}"#.to_owned(), "a client has 1 to 16 keys, not 0"),
            (r#"{"kty":"oct","k":"c2VjcmV0"}"#.to_owned(), "key 1: the key is symmetric"),
        ] {
            assert_eq!(read_keys(json.as_bytes()).unwrap_err(), problem);
        }
        assert!(read_keys(b"[").unwrap_err().starts_with("not a JWK: "));
    }
}
