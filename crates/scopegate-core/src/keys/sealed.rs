//! Private keys as they are stored: sealed under the master key.

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, JoseError, MasterKey, SigningKey};
use zeroize::Zeroizing;

use super::NewKey;
use crate::catalog::ServerId;
use crate::store::{KeyPhase, StoredKey};

impl StoredKey {
    /// Seals a new key of a server, in its first phase.
    ///
    /// # Errors
    ///
    /// [`JoseError`] if the key cannot be encoded or sealed.
    pub fn seal(
        server: &ServerId,
        key: &SigningKey,
        phase: KeyPhase,
        master_key: &MasterKey,
        now: UnixTime,
    ) -> Result<Self, JoseError> {
        let (kid, secret) = (key.kid().to_owned(), key.to_pkcs8()?);
        let new = NewKey { kid, public: key.public_jwk(), secret };
        Self::seal_new(server, key.algorithm(), &new, phase, master_key, now)
    }

    /// Seals a key that a vault has generated.
    pub(super) fn seal_new(
        server: &ServerId,
        algorithm: Algorithm,
        key: &NewKey,
        phase: KeyPhase,
        master_key: &MasterKey,
        now: UnixTime,
    ) -> Result<Self, JoseError> {
        let mut stored = Self {
            server: server.clone(),
            kid: key.kid.clone(),
            algorithm,
            phase: KeyPhase::Announced,
            created: now,
            signs_from: None,
            retired_at: None,
            longest: None,
            cached: None,
            public: key.public.clone(),
            sealed: master_key.seal(&seal_context(server, &key.kid), &key.secret)?,
        };
        stored.enter(phase, now);
        Ok(stored)
    }

    /// Tells whether the master key opens the private key.
    pub(super) fn opens(&self, master_key: &MasterKey) -> bool {
        self.unseal(master_key).is_ok()
    }

    /// Opens the private key, or what else the vault has stored.
    pub(super) fn unseal(&self, master_key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        master_key.open(&seal_context(&self.server, &self.kid), &self.sealed)
    }
}

/// Binds a sealed key to its server and its id. Copied to another row, it does not open.
pub(crate) fn seal_context(server: &ServerId, kid: &str) -> String {
    format!("signing key {server} {kid}")
}
