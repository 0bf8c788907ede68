//! Private keys as they are stored: sealed under the master key.

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, MasterKey, SigningKey};

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
        let mut stored = Self {
            server: server.clone(),
            kid: key.kid().to_owned(),
            algorithm: key.algorithm(),
            phase: KeyPhase::Announced,
            created: now,
            signs_from: None,
            retired_at: None,
            longest: None,
            cached: None,
            public: key.public_jwk(),
            sealed: master_key.seal(&seal_context(server, key.kid()), &key.to_pkcs8()?)?,
        };
        stored.enter(phase, now);
        Ok(stored)
    }

    /// Tells whether the master key opens the private key.
    pub(super) fn opens(&self, master_key: &MasterKey) -> bool {
        master_key.open(&seal_context(&self.server, &self.kid), &self.sealed).is_ok()
    }

    /// Opens the private key.
    pub(super) fn unseal(&self, master_key: &MasterKey) -> Result<SigningKey, JoseError> {
        let private = master_key.open(&seal_context(&self.server, &self.kid), &self.sealed)?;
        SigningKey::from_pkcs8(self.algorithm, &private)?.with_kid(&self.kid)
    }
}

/// Binds a sealed key to its server and its id. Copied to another row, it does not open.
pub(crate) fn seal_context(server: &ServerId, kid: &str) -> String {
    format!("signing key {server} {kid}")
}
