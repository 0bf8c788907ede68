//! Private keys are stored sealed under the master key.

use scopegate_claims::UnixTime;
use scopegate_jose::{JoseError, MasterKey, SigningKey};

use crate::catalog::ServerId;
use crate::store::{KeyPhase, StoredKey};

impl StoredKey {
    /// Seals a key that signs for a server from now on.
    ///
    /// # Errors
    ///
    /// [`JoseError`] if it cannot be written or sealed.
    pub fn seal(
        server: &ServerId,
        key: &SigningKey,
        master_key: &MasterKey,
        now: UnixTime,
    ) -> Result<Self, JoseError> {
        Ok(Self {
            server: server.clone(),
            kid: key.kid().to_owned(),
            algorithm: key.algorithm(),
            phase: KeyPhase::Signing,
            since: now,
            public: key.public_jwk(),
            sealed: master_key.seal(&seal_context(server, key.kid()), &key.to_pkcs8()?)?,
        })
    }

    pub(super) fn unseal(&self, master_key: &MasterKey) -> Result<SigningKey, JoseError> {
        let private = master_key.open(&seal_context(&self.server, &self.kid), &self.sealed)?;
        SigningKey::from_pkcs8(self.algorithm, &private)?.with_kid(&self.kid)
    }
}

/// A sealed key opens for the server and the id that it was sealed for only.
fn seal_context(server: &ServerId, kid: &str) -> String {
    format!("signing key {server} {kid}")
}
