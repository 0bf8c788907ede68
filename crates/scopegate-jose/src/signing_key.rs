//! A key pair that was parsed in advance, ready to sign.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::key_material::{Curve, KeyMaterial};
use crate::{Algorithm, JoseError, Jwk, KeyProblem, TokenType, VerifyingKey, base64url, der};

mod export;
mod private_jwk;

/// The length of the longest signature in bytes: RSA with 8192 bits.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

/// The initial capacity for a payload in bytes. Most payloads fit, so writing one takes one
/// allocation.
const PAYLOAD_CAPACITY: usize = 1024;

/// A key pair that is ready to sign.
///
/// Parsing an RSA key pair costs as much as making a signature, so it is done once. The header of
/// each token type is also encoded once.
///
/// ```
/// use scopegate_jose::{Algorithm, AlgorithmSet, KeySet, SigningKey, TokenType, UnverifiedJws};
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let token = key.sign(TokenType::Jwt, &serde_json::json!({ "sub": "alice" }))?;
///
/// let keys = KeySet::from_keys([key.verifying_key()?]);
/// let jws = UnverifiedJws::parse(&token)?;
/// assert!(jws.verify(&keys, AlgorithmSet::all()).is_ok());
///
/// let others = KeySet::from_keys([SigningKey::generate(Algorithm::EdDsa)?.verifying_key()?]);
/// assert_eq!(jws.verify(&others, AlgorithmSet::all()).unwrap_err().reason(), "unknown_key");
/// # Ok::<(), scopegate_jose::JoseError>(())
/// ```
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    jwk: Jwk,
    kid: Arc<str>,
    headers: [Box<str>; TokenType::ALL.len()],
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Generates a new key. An RSA key has 2048 bits and takes about 90 ms.
    ///
    /// # Errors
    ///
    /// [`KeyProblem::VerifyOnly`] if the algorithm is not one of [`Algorithm::SIGNING`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, JoseError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ec)
            }
            Algorithm::Es384 => {
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Ec)
            }
            Algorithm::Ps256 | Algorithm::Rs256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa)
            }
            Algorithm::Es512
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs384
            | Algorithm::Rs512 => return Err(KeyProblem::VerifyOnly.into()),
        };
        Self::new(algorithm, pair.map_err(|_| JoseError::Crypto)?, None)
    }

    /// Reads a key that [`to_pkcs8`](Self::to_pkcs8) or another program wrote (RFC 5208,
    /// unencrypted). The algorithm must be one of [`Algorithm::SIGNING`].
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, JoseError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed),
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Ec)
            }
            Algorithm::Es384 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).map(Pair::Ec)
            }
            Algorithm::Ps256 | Algorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            Algorithm::Es512
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs384
            | Algorithm::Rs512 => return Err(KeyProblem::VerifyOnly.into()),
        };
        Self::new(algorithm, pair.map_err(|_| KeyProblem::Unreadable)?, None)
    }

    /// Reads a private JWK (RFC 7518 §6, RFC 8037 §2), such as a client's key for signing
    /// assertions.
    ///
    /// The algorithm must be one of [`Algorithm::SIGNING`]. An RSA key without `alg` signs with
    /// RS256. A key without `kid` gets its thumbprint as `kid`.
    pub fn from_jwk_json(json: &str) -> Result<Self, JoseError> {
        let (algorithm, pair, kid) = private_jwk::parse(json)?;
        Self::new(algorithm, pair, kid.as_deref())
    }

    fn new(algorithm: Algorithm, pair: Pair, kid: Option<&str>) -> Result<Self, JoseError> {
        let jwk = Jwk::new(pair.public()?, None, Some(algorithm))?;
        let kid: Arc<str> = kid.map_or_else(|| jwk.thumbprint().into(), Arc::from);
        let headers = headers(algorithm, &kid)?;
        Ok(Self { algorithm, pair, jwk: jwk.with_kid(&kid), kid, headers })
    }

    /// The same key with another `kid`.
    pub fn with_kid(self, kid: &str) -> Result<Self, JoseError> {
        Ok(Self {
            kid: kid.into(),
            headers: headers(self.algorithm, kid)?,
            jwk: self.jwk.with_kid(kid),
            ..self
        })
    }

    /// Writes the key pair as PKCS#8 v1, in memory that is zeroized on drop.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let zeroizing = |der: &[u8]| Zeroizing::new(der.to_vec());
        match &self.pair {
            Pair::Ec(pair) => pair.to_pkcs8v1().map(|der| zeroizing(der.as_ref())),
            Pair::Ed(pair) => pair.to_pkcs8v1().map(|der| zeroizing(der.as_ref())),
            Pair::Rsa(pair) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| zeroizing(der.as_ref()))
            }
        }
        .map_err(|_| JoseError::Crypto)
    }

    /// Writes the key pair as a private JWK (RFC 7518 §6.2.2, RFC 8037 §2), in memory that is
    /// zeroized on drop.
    ///
    /// [`from_jwk_json`](Self::from_jwk_json) reads it. A client gets this key to sign its
    /// assertions. EC and Ed25519 keys are enough for that, because they are short and fast to
    /// generate.
    ///
    /// # Errors
    ///
    /// [`KeyProblem::UnsupportedType`] for an RSA key.
    pub fn to_private_jwk(&self) -> Result<Zeroizing<String>, JoseError> {
        export::private_jwk(&self.pair, &self.jwk)
    }

    /// The `kid` of the key: the given one, or else its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm that the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key, for publishing.
    pub fn public_jwk(&self) -> Jwk {
        self.jwk.clone()
    }

    /// The public key, ready to verify.
    pub fn verifying_key(&self) -> Result<VerifyingKey, JoseError> {
        Ok(VerifyingKey::from_jwk(&self.jwk)?)
    }

    /// Signs a payload and returns the token in compact form (RFC 7515 §7.1).
    pub fn sign<T: Serialize + ?Sized>(
        &self,
        typ: TokenType,
        payload: &T,
    ) -> Result<String, JoseError> {
        let mut json = Vec::with_capacity(PAYLOAD_CAPACITY);
        serde_json::to_writer(&mut json, payload).map_err(|_| JoseError::Unserializable)?;
        self.sign_payload(typ, &json)
    }

    /// Signs a payload that is encoded already, byte for byte, and returns the token in compact form
    /// (RFC 7515 §7.1).
    pub fn sign_payload(&self, typ: TokenType, payload: &[u8]) -> Result<String, JoseError> {
        let header = &self.headers[typ as usize];
        let mut token = String::with_capacity(
            header.len()
                + base64url::encoded_len(payload.len())
                + base64url::encoded_len(self.pair.signature_len())
                + 2,
        );
        token.push_str(header);
        token.push('.');
        base64url::encode_to(payload, &mut token);

        let mut buffer = [0; MAX_SIGNATURE_LEN];
        let signature = self.pair.sign(self.algorithm, token.as_bytes(), &mut buffer)?;
        token.push('.');
        base64url::encode_to(signature, &mut token);
        Ok(token)
    }

    /// Signs a string without changing it and returns the signature in base64url (RFC 7515 §5.1).
    ///
    /// For tokens with headers that [`sign`](Self::sign) does not write. The caller must make sure
    /// that the string is a valid signing input.
    pub fn signature(&self, signing_input: &str) -> Result<String, JoseError> {
        let mut buffer = [0; MAX_SIGNATURE_LEN];
        let signature = self.pair.sign(self.algorithm, signing_input.as_bytes(), &mut buffer)?;
        Ok(base64url::encode(signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn public(&self) -> Result<KeyMaterial, JoseError> {
        Ok(match self {
            Self::Ec(pair) => {
                // SEC 1 §2.3.3: the byte 4, then both coordinates at full length.
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(point.len() / 2);
                let curve = if x.len() == Curve::P256.len() { Curve::P256 } else { Curve::P384 };
                KeyMaterial::ec(curve, x, y)?
            }
            Self::Ed(pair) => KeyMaterial::okp(pair.public_key().as_ref())?,
            Self::Rsa(pair) => {
                let (n, e) =
                    der::rsa_public_key(pair.public_key().as_ref()).ok_or(JoseError::Crypto)?;
                KeyMaterial::rsa(n, e)?
            }
        })
    }

    fn signature_len(&self) -> usize {
        match self {
            Self::Ec(pair) => pair.public_key().as_ref().len() - 1,
            Self::Ed(_) => 64,
            Self::Rsa(pair) => pair.public_modulus_len(),
        }
    }

    fn sign<'b>(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        buffer: &'b mut [u8; MAX_SIGNATURE_LEN],
    ) -> Result<&'b [u8], JoseError> {
        let copy = |buffer: &'b mut [u8; MAX_SIGNATURE_LEN], signature: &[u8]| {
            buffer[..signature.len()].copy_from_slice(signature);
            &buffer[..signature.len()]
        };
        // aws-lc uses its own random source. The argument exists only for compatibility with
        // `ring`.
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair) => {
                pair.sign(&random, message).map(|signature| copy(buffer, signature.as_ref()))
            }
            Self::Ed(pair) => {
                pair.try_sign(message).map(|signature| copy(buffer, signature.as_ref()))
            }
            Self::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let signature = &mut buffer[..pair.public_modulus_len()];
                pair.sign(padding, &random, message, signature).map(|()| &*signature)
            }
        }
        .map_err(|_| JoseError::Crypto)
    }
}

/// The encoded header of each token type.
pub(crate) fn headers(
    algorithm: Algorithm,
    kid: &str,
) -> Result<[Box<str>; TokenType::ALL.len()], JoseError> {
    #[derive(Serialize)]
    struct Header<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        typ: Option<&'static str>,
        alg: Algorithm,
        kid: &'a str,
    }

    let mut headers = TokenType::ALL.map(|_| Box::default());
    for typ in TokenType::ALL {
        let header = Header { typ: typ.name(), alg: algorithm, kid };
        let json = serde_json::to_vec(&header).map_err(|_| JoseError::Unserializable)?;
        headers[typ as usize] = base64url::encode(&json).into();
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
