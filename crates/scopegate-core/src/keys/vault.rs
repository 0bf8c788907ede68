//! Where private keys live: in the memory of this process, or in a service that never reveals them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use scopegate_jose::{Algorithm, JoseError, Jwk, SigningKey};
use zeroize::Zeroizing;

use super::{KeyError, Signer};
use crate::store::StoredKey;

/// A key that was just generated.
#[expect(clippy::exhaustive_structs, reason = "each vault constructs it")]
pub struct NewKey {
    /// The id of the key.
    pub kid: String,
    /// The public key, as `/keys` publishes it: with its `kid` and `alg`.
    pub public: Jwk,
    /// What the vault needs to sign with the key: the private key, or the name of the key in a
    /// service. It is stored, sealed under the master key.
    pub secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Generates keys, and signs with them.
///
/// The schedule, the storage and the publication of keys are the same for all vaults. The default is
/// [`KeysInMemory`]. A vault of a KMS stores the name of the key as the secret.
///
/// A service that signs bytes gets them from [`TokenHeaders`](scopegate_jose::TokenHeaders), which
/// also puts the signature behind them. If the service cannot be reached, the error is
/// [`KeyError::Unavailable`].
///
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use scopegate_core::keys::{KeyError, KeyVault, KeysInMemory, NewKey, Signer};
/// use scopegate_core::store::StoredKey;
/// use scopegate_jose::{Algorithm, TokenType};
/// # use scopegate_jose::SigningKey;
/// # use zeroize::Zeroizing;
/// #
/// # #[derive(Debug, Default)]
/// # struct Service(std::sync::Mutex<Vec<Arc<SigningKey>>>);
/// # impl Service {
/// #     async fn create_key(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
/// #         let key = SigningKey::generate(algorithm)?;
/// #         let (kid, public) = (key.kid().to_owned(), key.public_jwk());
/// #         self.0.lock().unwrap().push(Arc::new(key));
/// #         let secret = Zeroizing::new(format!("kms:{kid}").into_bytes());
/// #         Ok(NewKey { kid, public, secret })
/// #     }
/// #     async fn destroy_key(&self, name: &str) -> Result<(), KeyError> {
/// #         self.0.lock().unwrap().retain(|key| !name.ends_with(key.kid()));
/// #         Ok(())
/// #     }
/// #     async fn sign(&self, name: &str, typ: TokenType, payload: &[u8]) -> Result<String, KeyError> {
/// #         let keys = self.0.lock().unwrap().clone();
/// #         keys.iter().find(|key| name.ends_with(key.kid())).unwrap().sign_payload(typ, payload).map_err(KeyError::from)
/// #     }
/// # }
///
/// /// Keys in a service. It names them `kms:…`.
/// #[derive(Debug)]
/// struct Kms(Arc<Service>);
///
/// #[async_trait]
/// impl KeyVault for Kms {
///     async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
///         self.0.create_key(algorithm).await
///     }
///
///     fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
///         match std::str::from_utf8(secret) {
///             Ok(name) if name.starts_with("kms:") => Ok(Arc::new(RemoteKey {
///                 algorithm: key.algorithm,
///                 kid: key.kid.clone(),
///                 name: name.to_owned(),
///                 service: Arc::clone(&self.0),
///             })),
///             // The key was made before the service was used.
///             _ => KeysInMemory.signer(key, secret),
///         }
///     }
///
///     async fn destroy(&self, _kid: &str, secret: &[u8]) -> Result<(), KeyError> {
///         match std::str::from_utf8(secret) {
///             Ok(name) if name.starts_with("kms:") => self.0.destroy_key(name).await,
///             _ => Ok(()),
///         }
///     }
///
///     fn place(&self, secret: &[u8]) -> Option<String> {
///         let name = std::str::from_utf8(secret).ok()?;
///         name.starts_with("kms:").then(|| name.to_owned())
///     }
/// }
///
/// #[derive(Debug)]
/// struct RemoteKey {
///     algorithm: Algorithm,
///     kid: String,
///     name: String,
///     service: Arc<Service>,
/// }
///
/// #[async_trait]
/// impl Signer for RemoteKey {
///     fn algorithm(&self) -> Algorithm {
///         self.algorithm
///     }
///
///     fn kid(&self) -> &str {
///         &self.kid
///     }
///
///     async fn sign(&self, typ: TokenType, payload: &[u8]) -> Result<String, KeyError> {
///         self.service.sign(&self.name, typ, payload).await
///     }
/// }
/// ```
#[async_trait]
pub trait KeyVault: fmt::Debug + Send + Sync {
    /// Checks that the vault can be used. A server does not start otherwise.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unavailable`] with what is wrong, and what to do.
    async fn open(&self) -> Result<(), KeyError> {
        Ok(())
    }

    /// The algorithms for which the vault makes keys.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unavailable`] if that is not known at the moment.
    async fn algorithms(&self) -> Result<Vec<Algorithm>, KeyError> {
        Ok(Algorithm::SIGNING.to_vec())
    }

    /// Generates a key. If another node was first, it is not used, and
    /// [destroyed](Self::destroy).
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key cannot be generated. The schedule tries again.
    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError>;

    /// The signer of a stored key, by the secret of its [`NewKey`]. It is made at the first use of
    /// the key, in the thread of a request, and kept while the key signs. So it must not block.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the secret is not one of this vault. Then the server does not sign.
    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError>;

    /// Destroys a private key that is dropped, or that was generated and is not used. The stored
    /// secret is gone afterwards.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key may still exist. That is logged, and it is not tried again.
    async fn destroy(&self, _kid: &str, _secret: &[u8]) -> Result<(), KeyError> {
        Ok(())
    }

    /// Where the private key is, for an administrator: its name in the service. `None` means that
    /// the secret is the private key itself.
    fn place(&self, _secret: &[u8]) -> Option<String> {
        None
    }
}

/// Private keys in the memory of this process. They are stored as PKCS #8, sealed under the master
/// key.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no settings")]
pub struct KeysInMemory;

#[async_trait]
impl KeyVault for KeysInMemory {
    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
        let made = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
        // The task panics only if the cryptographic library does.
        let key = made.map_err(|_| JoseError::Crypto)??;
        let secret = key.to_pkcs8()?;
        Ok(NewKey { kid: key.kid().to_owned(), public: key.public_jwk(), secret })
    }

    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
        Ok(Arc::new(SigningKey::from_pkcs8(key.algorithm, secret)?.with_kid(&key.kid)?))
    }
}
