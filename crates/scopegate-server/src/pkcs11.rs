//! Signing keys in an HSM: a token that is used by PKCS#11, such as SoftHSM.
//!
//! The private keys are made in the token, and never leave it. The store holds their names.
//!
//! PKCS#11 blocks. So each session is used by a thread of its own, and requests wait in a queue with a
//! bound. If the token is lost, requests are refused until it is back; the sessions are opened again
//! then. A PIN that the token refuses is not tried again, because an HSM locks after a few attempts.

mod connection;
mod error;
mod library;
mod mechanism;
mod name;
mod pin;
mod public_key;
mod threads;
mod token;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scopegate_core::keys::{KeyError, KeyVault, KeysInMemory, NewKey, Signer};
use scopegate_core::store::StoredKey;
use scopegate_jose::{
    Algorithm, AlgorithmSet, JoseError, Jwk, KeySet, TokenHeaders, TokenType, UnverifiedJws,
    VerifyingKey, random_token,
};
use zeroize::Zeroizing;

use self::error::Pkcs11Error;
use self::name::KeyName;
use self::pin::PinSource;
use self::threads::Threads;
use self::token::Token;
use crate::config::Pkcs11Config;
use crate::exposure::Exposure;

/// How long a request waits for a signature, with its time in the queue.
const TO_SIGN: Duration = Duration::from_secs(5);

/// How long a key may take to be made: an RSA key takes a small HSM tens of seconds.
const TO_MAKE: Duration = Duration::from_secs(120);

/// The bytes of a key id. They are random, because the key has its label before its public half is
/// known.
const KID_BYTES: usize = 16;

/// Makes and uses signing keys in a PKCS#11 token.
///
/// Keys that were made in memory before go on signing until they retire.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use scopegate_server::config::Pkcs11Config;
/// use scopegate_server::pkcs11::Pkcs11Vault;
/// use scopegate_server::{Exposure, ServerSettings};
///
/// # fn settings(settings: ServerSettings) -> ServerSettings {
/// // The PIN is in the environment variable SCOPEGATE_PKCS11_PIN.
/// let token = Pkcs11Config::new("/usr/lib/softhsm/libsofthsm2.so", "scopegate");
/// settings.with_key_vault(Arc::new(Pkcs11Vault::new(&token, Exposure::Public)))
/// # }
/// ```
#[derive(Debug)]
pub struct Pkcs11Vault {
    token: Arc<str>,
    threads: Arc<Threads>,
}

impl Pkcs11Vault {
    /// A vault of a token. The module is loaded when the vault is used or
    /// [opened](KeyVault::open), so that a command without keys does not log in.
    pub fn new(config: &Pkcs11Config, exposure: Exposure) -> Self {
        let pin = PinSource::of(config, exposure);
        let token = Arc::new(Token::new(config.module.clone(), &config.token, pin));
        let threads = Threads::new(token, config.sessions);
        Self { token: config.token.as_str().into(), threads: Arc::new(threads) }
    }

    /// The name of a key of this token, if that is what was stored.
    fn name(&self, secret: &[u8]) -> Option<KeyName> {
        KeyName::parse(secret).filter(|name| name.token == self.token)
    }
}

#[async_trait]
impl KeyVault for Pkcs11Vault {
    async fn open(&self) -> Result<(), KeyError> {
        Ok(self.threads.run(TO_SIGN, |_| Ok(())).await?)
    }

    async fn algorithms(&self) -> Result<Vec<Algorithm>, KeyError> {
        Ok(self.threads.run(TO_SIGN, |connection| connection.algorithms()).await?)
    }

    async fn generate(&self, algorithm: Algorithm) -> Result<NewKey, KeyError> {
        let kid = random_token(KID_BYTES);
        let (id, unused) = (kid.clone(), kid.clone());
        let made = self.threads.run_or_undo(
            TO_MAKE,
            move |connection| connection.generate(algorithm, &id),
            move |connection, _| connection.discard(&unused),
        );
        let public = match made.await {
            Err(Pkcs11Error::Unsupported(algorithm)) => {
                return Err(KeyError::Unsupported(algorithm));
            }
            made => made?,
        };
        let name = KeyName { token: Arc::clone(&self.token), kid: kid.as_str().into() };
        let new = NewKey { kid, public, secret: Zeroizing::new(name.to_string().into_bytes()) };
        match self.check(algorithm, &new, &name).await {
            Ok(()) => Ok(new),
            Err(error) => {
                let _ = self.destroy(&new.kid, &new.secret).await;
                Err(error)
            }
        }
    }

    fn signer(&self, key: &StoredKey, secret: &[u8]) -> Result<Arc<dyn Signer>, KeyError> {
        match (KeyName::parse(secret), self.name(secret)) {
            // The key was made before the token was used.
            (None, _) => KeysInMemory.signer(key, secret),
            (Some(_), Some(name)) if *name.kid == key.kid => {
                Ok(Arc::new(self.key(key.algorithm, &name)?))
            }
            (Some(name), _) => Err(Pkcs11Error::OtherToken(name.token).into()),
        }
    }

    async fn destroy(&self, _: &str, secret: &[u8]) -> Result<(), KeyError> {
        match (KeyName::parse(secret), self.name(secret)) {
            (None, _) => Ok(()),
            (Some(_), Some(name)) => {
                let destroyed = self.threads.run(TO_SIGN, move |one| one.destroy(&name.kid));
                Ok(destroyed.await?)
            }
            (Some(name), None) => Err(Pkcs11Error::OtherToken(name.token).into()),
        }
    }

    fn place(&self, secret: &[u8]) -> Option<String> {
        KeyName::parse(secret).map(|name| name.to_string())
    }
}

impl Pkcs11Vault {
    fn key(&self, algorithm: Algorithm, name: &KeyName) -> Result<TokenKey, JoseError> {
        let headers = TokenHeaders::new(algorithm, &name.kid)?;
        let (kid, threads) = (Arc::clone(&name.kid), Arc::clone(&self.threads));
        Ok(TokenKey { algorithm, kid, headers, threads })
    }

    /// Signs once with a new key, and verifies the signature. A token that signs in another way than
    /// its mechanisms say is found before the key is published.
    async fn check(
        &self,
        algorithm: Algorithm,
        new: &NewKey,
        name: &KeyName,
    ) -> Result<(), KeyError> {
        let token = self.key(algorithm, name)?.sign(TokenType::Jwt, b"{}").await?;
        match is_signed_by(&token, algorithm, &new.public) {
            true => Ok(()),
            false => Err(Pkcs11Error::WrongSignature(algorithm).into()),
        }
    }
}

fn is_signed_by(token: &str, algorithm: Algorithm, public: &Jwk) -> bool {
    let Ok(key) = VerifyingKey::from_jwk(public) else { return false };
    let (keys, algorithms) = (KeySet::from_keys([key]), AlgorithmSet::of(&[algorithm]));
    UnverifiedJws::parse(token).is_ok_and(|token| token.verify(&keys, algorithms).is_ok())
}

/// A key of the token.
#[derive(Debug)]
struct TokenKey {
    algorithm: Algorithm,
    kid: Arc<str>,
    headers: TokenHeaders,
    threads: Arc<Threads>,
}

#[async_trait]
impl Signer for TokenKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn kid(&self) -> &str {
        &self.kid
    }

    async fn sign(&self, typ: TokenType, payload: &[u8]) -> Result<String, KeyError> {
        let input = self.headers.input(typ, payload);
        let (algorithm, kid, message) = (self.algorithm, Arc::clone(&self.kid), input.clone());
        let sign = self
            .threads
            .run(TO_SIGN, move |connection| connection.sign(algorithm, &kid, message.as_bytes()));
        Ok(input.with_signature(&sign.await?))
    }
}

#[cfg(test)]
mod tests;
