//! Opens sessions of a token, and decides when that is tried again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use scopegate_jose::sha256;

use super::connection::Connection;
use super::error::Pkcs11Error;
use super::library::Library;
use super::pin::PinSource;

/// How long nobody tries to find a token after that failed. Meanwhile requests are refused at once.
const PAUSE: Duration = Duration::from_secs(2);

/// A token, and what is known about reaching it.
#[derive(Debug)]
pub(super) struct Token {
    module: PathBuf,
    label: Arc<str>,
    pin: PinSource,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The SHA-256 of the PIN that the token has refused.
    refused: Option<([u8; 32], Pkcs11Error)>,
    /// The last failure, and when the next attempt may be made.
    failed: Option<(Instant, Pkcs11Error)>,
    /// How often the token was given a PIN.
    #[cfg(test)]
    attempts: usize,
}

impl Token {
    pub(super) fn new(module: PathBuf, label: &str, pin: PinSource) -> Self {
        Self { module, label: label.into(), pin, known: Mutex::default() }
    }

    /// Opens a session. One thread at a time does that, so that a wrong PIN is tried once.
    pub(super) fn connect(&self) -> Result<Connection, Pkcs11Error> {
        let mut known = self.known();
        if let Some((until, error)) = &known.failed
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        let connected = self.find(&mut known);
        match &connected {
            Ok(_) => {
                if known.failed.take().is_some() {
                    tracing::info!(token = %self.label, "the PKCS#11 token is back");
                }
            }
            Err(error) => {
                tracing::error!(token = %self.label, "{error}");
                known.failed = Some((Instant::now() + PAUSE, error.clone()));
            }
        }
        connected
    }

    /// Refuses requests for a moment, because a session that was just opened has failed.
    pub(super) fn failed(&self, error: &Pkcs11Error) {
        tracing::error!(token = %self.label, "{error}");
        self.known().failed = Some((Instant::now() + PAUSE, error.clone()));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, known: &mut Known) -> Result<Connection, Pkcs11Error> {
        let library = Library::load(&self.module)?;
        let seen = library.running().start;
        match self.open(&library, known) {
            Err(error) if error.loses_token() => {
                library.restart(seen)?;
                self.open(&library, known)
            }
            opened => opened,
        }
    }

    fn open(&self, library: &Arc<Library>, known: &mut Known) -> Result<Connection, Pkcs11Error> {
        let running = library.running();
        let slot = self.slot(running.pkcs11)?;
        // Not closed on drop: after another start of the module its number may be that of another
        // session.
        let session = running.pkcs11.open_rw_session_no_drop(slot)?;
        if let Err(error) = self.log_in(&session, known) {
            let _ = session.close();
            return Err(error);
        }
        let start = running.start;
        drop(running);
        Ok(Connection::new(Arc::clone(library), start, slot, session))
    }

    fn slot(&self, pkcs11: &Pkcs11) -> Result<Slot, Pkcs11Error> {
        let mut found = Vec::new();
        for slot in pkcs11.get_slots_with_token()? {
            // A token that is broken hides no other one.
            if let Ok(token) = pkcs11.get_token_info(slot)
                && token.token_initialized()
            {
                found.push((slot, token.label().trim_end().to_owned()));
            }
        }
        let mut meant = found.iter().filter(|(_, label)| **label == *self.label);
        match (meant.next(), meant.next()) {
            (Some((slot, _)), None) => Ok(*slot),
            (Some(_), Some(_)) => Err(Pkcs11Error::SeveralTokens(Arc::clone(&self.label))),
            (None, _) => {
                let label = Arc::clone(&self.label);
                Err(Pkcs11Error::NoToken { label, found: shown(&found) })
            }
        }
    }

    fn log_in(&self, session: &Session, known: &mut Known) -> Result<(), Pkcs11Error> {
        let pin = self.pin.read()?;
        let digest = sha256(pin.as_bytes());
        if let Some((refused, error)) = &known.refused
            && *refused == digest
        {
            return Err(error.clone());
        }
        #[cfg(test)]
        {
            known.attempts += 1;
        }
        match session.login(UserType::User, Some(&AuthPin::new(pin.as_str().into()))) {
            // A log-in is one of the whole process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                known.refused = None;
                Ok(())
            }
            Err(Error::Pkcs11(code, _)) if is_about_pin(&code) => {
                let (token, why) = (Arc::clone(&self.label), format!("{code:?}"));
                let error = Pkcs11Error::PinRefused { token, why };
                known.refused = Some((digest, error.clone()));
                Err(error)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn is_about_pin(code: &RvError) -> bool {
    matches!(
        code,
        RvError::PinExpired
            | RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinLocked
    )
}

/// The labels of tokens, for a message.
fn shown(found: &[(Slot, String)]) -> String {
    const MAX_NAMED: usize = 5;
    if found.is_empty() {
        return "none".to_owned();
    }
    let named = found.iter().take(MAX_NAMED).map(|(_, label)| format!("{label:?}"));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if found.len() > MAX_NAMED {
        named.push_str(", …");
    }
    named
}

#[cfg(test)]
impl Token {
    /// Allows the next attempt now.
    pub(super) fn forget_failure(&self) {
        self.known().failed = None;
    }

    pub(super) fn attempts(&self) -> usize {
        self.known().attempts
    }
}
