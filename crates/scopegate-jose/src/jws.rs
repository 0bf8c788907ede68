//! A signed token, before and after its signature is checked (RFC 7515 §5.2).

use std::fmt;
use std::mem::MaybeUninit;
use std::sync::Arc;

use memchr::memchr;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::signing_key::MAX_SIGNATURE_LEN;
use crate::{Algorithm, AlgorithmSet, Header, JoseError, KeySet, VerifyingKey, base64url};

/// The longest token that is looked at.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// A token in compact form whose signature nobody has checked yet.
///
/// Its form is known to be right: three segments, none empty, canonical base64url, a header that can
/// be read in one way only. What it says is believed after [`verify`](Self::verify).
///
/// ```
/// use scopegate_jose::{JoseError, UnverifiedJws};
///
/// let jws = UnverifiedJws::parse("eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.e30.AAAA")?;
/// assert_eq!(jws.header().kid(), Some("k1"));
///
/// let unsigned = UnverifiedJws::parse("eyJhbGciOiJub25lIn0.e30.");
/// assert_eq!(unsigned.unwrap_err(), JoseError::AlgorithmNotAllowed);
/// # Ok::<(), JoseError>(())
/// ```
pub struct UnverifiedJws<'a> {
    header: Header,
    token: &'a [u8],
    signed: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> UnverifiedJws<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, JoseError> {
        let token = token.as_ref();
        if token.len() > MAX_TOKEN_LEN {
            return Err(JoseError::TooLarge);
        }
        // A further dot is in no alphabet, so that the signature refuses a fourth segment.
        let (header, rest) = at_dot(token).ok_or(JoseError::Malformed("form"))?;
        let (payload, signature) = at_dot(rest).ok_or(JoseError::Malformed("form"))?;
        let signed = &token[..header.len() + 1 + payload.len()];
        let header = Header::decode(header)?;
        if payload.is_empty() || !base64url::is_canonical(payload) {
            return Err(JoseError::Malformed("payload"));
        }
        if signature.is_empty()
            || signature.len() > base64url::encoded_len(MAX_SIGNATURE_LEN)
            || !base64url::is_canonical(signature)
        {
            return Err(JoseError::Malformed("signature"));
        }
        Ok(Self { header, token, signed, payload, signature })
    }

    /// The header; nothing in it is proven.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the payload of a token that anybody may have made.
    ///
    /// Good for one thing: to learn from `iss` or `sub` whose keys to verify it with.
    pub fn deserialize_unverified<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        let payload = base64url::decode(self.payload)?;
        serde_json::from_slice(&payload).map_err(|_| JoseError::InvalidClaims)
    }

    /// The issuer that the token claims to be from, which anybody may claim.
    ///
    /// Good for choosing whose rules and keys to verify it by. Nothing else of the payload is looked
    /// at, and an `iss` that occurs twice names nobody.
    ///
    /// ```
    /// use scopegate_jose::{UnverifiedJws, base64url};
    ///
    /// let token = |payload: &str| {
    ///     let (header, payload) = (r#"{"alg":"ES256"}"#, payload);
    ///     let encode = |json: &str| base64url::encode(json.as_bytes());
    ///     format!("{}.{}.AAAA", encode(header), encode(payload))
    /// };
    /// let issuer = |payload: &str| UnverifiedJws::parse(&token(payload))?.unverified_issuer();
    ///
    /// assert_eq!(issuer(r#"{"iss":"https://id.example.com"}"#)?, "https://id.example.com");
    /// assert!(issuer(r#"{"iss":"https://id.example.com","iss":"https://evil.example"}"#).is_err());
    /// # Ok::<(), scopegate_jose::JoseError>(())
    /// ```
    pub fn unverified_issuer(&self) -> Result<String, JoseError> {
        // A derived reading refuses a field that occurs twice, and skips the others.
        #[derive(Deserialize)]
        struct Issued {
            iss: String,
        }

        self.deserialize_unverified().map(|Issued { iss }| iss)
    }

    /// Checks the signature with the key that the header names.
    ///
    /// A token without `kid` is verified when exactly one key of the set can have signed it.
    /// [`JoseError::UnknownKey`] says that a newer set may know the key.
    pub fn verify(&self, keys: &KeySet, allowed: AlgorithmSet) -> Result<VerifiedJws, JoseError> {
        let key = self.check_signature(keys, allowed)?;
        let payload =
            base64url::decode(self.payload).map_err(|_| JoseError::Malformed("payload"))?;
        Ok(VerifiedJws { payload, algorithm: self.header.algorithm(), kid: key.shared_kid() })
    }

    /// Whether the signature is that of a key, whichever key the header names.
    ///
    /// It proves nothing of who made the token: for that there is [`verify`](Self::verify). It costs the
    /// same, so that a token whose key is not known need not be refused sooner than a forged one.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let mut buffer = [MaybeUninit::uninit(); MAX_SIGNATURE_LEN];
        let signature = base64url::decode_within(self.signature, &mut buffer);
        signature.is_some_and(|signature| {
            key.verifies(self.header.algorithm(), self.signed, signature) //
        })
    }

    /// The key whose signature it is.
    pub(crate) fn check_signature<'k>(
        &self,
        keys: &'k KeySet,
        allowed: AlgorithmSet,
    ) -> Result<&'k VerifyingKey, JoseError> {
        let algorithm = self.header.algorithm();
        if !allowed.contains(algorithm) {
            return Err(JoseError::AlgorithmNotAllowed);
        }
        let key = keys.find(self.header.kid(), algorithm)?;
        let mut buffer = [MaybeUninit::uninit(); MAX_SIGNATURE_LEN];
        let signature = base64url::decode_within(self.signature, &mut buffer)
            .ok_or(JoseError::Malformed("signature"))?;
        if !key.verifies(algorithm, self.signed, signature) {
            return Err(JoseError::BadSignature);
        }
        Ok(key)
    }

    /// The token as it was received.
    pub(crate) fn token(&self) -> &'a [u8] {
        self.token
    }

    /// The payload as it stands in the token.
    pub(crate) fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl fmt::Debug for UnverifiedJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJws").field("header", &self.header).finish_non_exhaustive()
    }
}

/// What stands before the first dot and behind it.
fn at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr(b'.', text)?;
    Some((&text[..dot], &text[dot + 1..]))
}

/// The payload of a token whose signature is right.
///
/// Says nothing about issuer, audience or time: a caller who expects another kind of token than an
/// access token checks those by its own rules.
pub struct VerifiedJws {
    payload: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
}

impl VerifiedJws {
    /// The payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Reads the payload as JSON.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, JoseError> {
        serde_json::from_slice(&self.payload).map_err(|_| JoseError::InvalidClaims)
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key that verified it, where the key has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJws")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
