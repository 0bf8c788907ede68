//! One session of a token.

use std::collections::HashMap;
use std::sync::Arc;

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use scopegate_jose::{Algorithm, Jwk};

use super::error::Pkcs11Error;
use super::library::Library;
use super::mechanism;
use super::public_key;

/// Maximum keys whose handles a session keeps. A token rarely has more.
const MAX_HANDLES: usize = 1024;

/// One session of a token, with a user that is logged in.
#[derive(Debug)]
pub(super) struct Connection {
    library: Arc<Library>,
    /// The start of the module in which the session was opened.
    start: u64,
    slot: Slot,
    session: Session,
    handles: HashMap<Arc<str>, ObjectHandle>,
}

impl Connection {
    pub(super) fn new(library: Arc<Library>, start: u64, slot: Slot, session: Session) -> Self {
        Self { library, start, slot, session, handles: HashMap::new() }
    }

    /// Whether the module was not started again since the session was opened.
    pub(super) fn is_current(&self) -> bool {
        self.library.running().start == self.start
    }

    /// Does work while the module cannot be stopped.
    pub(super) fn during<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Pkcs11Error>,
    ) -> Result<T, Pkcs11Error> {
        let library = Arc::clone(&self.library);
        let running = library.running();
        if running.start != self.start {
            return Err(Pkcs11Error::session_is_gone());
        }
        work(self)
    }

    /// Closes the session, unless it has gone with an earlier start of the module.
    pub(super) fn close(self) {
        let running = self.library.running();
        if running.start == self.start {
            let _ = self.session.close();
        }
    }

    /// The algorithms that the token supports.
    pub(super) fn algorithms(&self) -> Result<Vec<Algorithm>, Pkcs11Error> {
        let running = self.library.running();
        let mechanisms = running.pkcs11.get_mechanism_list(self.slot)?;
        let is_supported = |one: &Algorithm| mechanism::is_supported(*one, &mechanisms);
        Ok(Algorithm::SIGNING.iter().copied().filter(is_supported).collect())
    }

    /// Makes a key pair. The private key cannot be read, neither now nor by an export that is wrapped.
    pub(super) fn generate(&mut self, algorithm: Algorithm, kid: &str) -> Result<Jwk, Pkcs11Error> {
        if !self.algorithms()?.contains(&algorithm) {
            return Err(Pkcs11Error::Unsupported(algorithm));
        }
        let template = mechanism::templates(algorithm, kid)?;
        let (public, private) = self.session.generate_key_pair(
            &template.mechanism,
            &template.public,
            &template.private,
        )?;
        let made = self
            .check_hidden(private)
            .and_then(|()| public_key::read(&self.session, public, algorithm, kid));
        if made.is_err() {
            for object in [public, private] {
                let _ = self.session.destroy_object(object);
            }
        }
        made
    }

    /// Checks that the token has made the private key as it was told.
    fn check_hidden(&self, key: ObjectHandle) -> Result<(), Pkcs11Error> {
        let wanted = [
            (Attribute::Sensitive(true), AttributeType::Sensitive, "CKA_SENSITIVE"),
            (Attribute::Extractable(false), AttributeType::Extractable, "CKA_EXTRACTABLE"),
        ];
        for (wanted, name, shown) in wanted {
            if self.session.get_attributes(key, &[name])? != [wanted] {
                return Err(Pkcs11Error::Revealed(shown));
            }
        }
        Ok(())
    }

    /// Signs with the private key of this id. The signature has the form of RFC 7518 §3.
    pub(super) fn sign(
        &mut self,
        algorithm: Algorithm,
        kid: &Arc<str>,
        message: &[u8],
    ) -> Result<Vec<u8>, Pkcs11Error> {
        let key = self.private_key(kid)?;
        let (mechanism, data) = mechanism::to_sign(algorithm, message)?;
        Ok(self.session.sign(&mechanism, key, &data)?)
    }

    fn private_key(&mut self, kid: &Arc<str>) -> Result<ObjectHandle, Pkcs11Error> {
        if let Some(known) = self.handles.get(kid) {
            return Ok(*known);
        }
        let found = self.find(ObjectClass::PRIVATE_KEY, kid)?;
        let key = *found.first().ok_or_else(|| Pkcs11Error::NoKey(Arc::clone(kid)))?;
        if self.handles.len() >= MAX_HANDLES {
            self.handles.clear();
        }
        self.handles.insert(Arc::clone(kid), key);
        Ok(key)
    }

    /// Destroys both halves of a key. A key that is gone already is no failure.
    pub(super) fn destroy(&mut self, kid: &str) -> Result<(), Pkcs11Error> {
        self.handles.remove(kid);
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            for object in self.find(class, kid)? {
                self.session.destroy_object(object)?;
            }
        }
        Ok(())
    }

    /// Destroys a key that was made and that nobody waits for any more.
    pub(super) fn discard(&mut self, kid: &str) {
        if let Err(error) = self.destroy(kid) {
            tracing::error!(kid, "an unused key stays in the PKCS#11 token: {error}");
        }
    }

    fn find(&self, class: ObjectClass, kid: &str) -> Result<Vec<ObjectHandle>, Pkcs11Error> {
        let template = [Attribute::Class(class), Attribute::Label(kid.as_bytes().to_vec())];
        Ok(self.session.find_objects(&template)?)
    }
}

#[cfg(test)]
impl Connection {
    /// What the token says about a private key, and the private values that it reveals.
    pub(super) fn shown(
        &mut self,
        kid: &Arc<str>,
    ) -> Result<(String, Vec<Attribute>), Pkcs11Error> {
        let key = self.private_key(kid)?;
        let flags = [
            (Attribute::Sensitive(true), AttributeType::Sensitive, "sensitive"),
            (
                Attribute::NeverExtractable(true),
                AttributeType::NeverExtractable,
                "never extractable",
            ),
            (Attribute::Local(true), AttributeType::Local, "made here"),
        ];
        let mut said = Vec::new();
        for (wanted, name, word) in flags {
            if self.session.get_attributes(key, &[name])? == [wanted] {
                said.push(word);
            }
        }
        let secrets = [AttributeType::Value, AttributeType::PrivateExponent, AttributeType::Prime1];
        Ok((said.join(", "), self.session.get_attributes(key, &secrets)?))
    }

    /// Ends the log-in of all sessions, as a token does that was reset.
    pub(super) fn log_out(&self) -> Result<(), Pkcs11Error> {
        Ok(self.session.logout()?)
    }
}
