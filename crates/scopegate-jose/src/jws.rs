//! A signed token before and after its signature is checked (RFC 7515 §5.2).

use std::fmt;
use std::sync::Arc;

use memchr::memchr;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::issuer_name::MAX_ISSUER_NAME_LEN;
use crate::rules::AllowedAlgorithms;
use crate::signing_key::MAX_SIGNATURE_LEN;
use crate::{Algorithm, AlgorithmSet, Header, JoseError, KeySet, VerifyingKey, base64url};

/// The maximum length of a token in bytes. Longer tokens are refused unread.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// A token in compact form whose signature is not checked yet.
///
/// Its format is already checked: three segments, none empty, canonical base64url, and a header
/// without duplicate members. Its contents must not be trusted before [`verify`](Self::verify)
/// succeeds.
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
    /// The payload and then the signature, without their encoding. One buffer is one allocation.
    decoded: Vec<u8>,
    payload_len: usize,
}

impl<'a> UnverifiedJws<'a> {
    /// Splits a token into its segments and checks the format.
    pub fn parse(token: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, JoseError> {
        let token = token.as_ref();
        if token.len() > MAX_TOKEN_LEN {
            return Err(JoseError::TooLarge);
        }
        // A fourth segment would be part of `signature`, and its dot is not valid base64url.
        let (header, rest) = split_at_dot(token).ok_or(JoseError::Malformed("form"))?;
        let (payload, signature) = split_at_dot(rest).ok_or(JoseError::Malformed("form"))?;
        let signed = &token[..header.len() + 1 + payload.len()];
        let mut decoded = Vec::with_capacity(token.len());
        decode_segment("header", header, &mut decoded)?;
        let header = Header::parse(&decoded)?;
        decoded.clear();
        decode_segment("payload", payload, &mut decoded)?;
        let payload_len = decoded.len();
        if signature.len() > base64url::encoded_len(MAX_SIGNATURE_LEN) {
            return Err(JoseError::Malformed("signature"));
        }
        decode_segment("signature", signature, &mut decoded)?;
        Ok(Self { header, token, signed, decoded, payload_len })
    }

    /// The header. It is not verified.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the payload without verifying it. Anyone may have made this token.
    ///
    /// Its only use is to find out, from `iss` or `sub`, which keys to verify the token with.
    pub fn deserialize_unverified<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        serde_json::from_slice(self.payload()).map_err(|_| JoseError::InvalidClaims { claim: None })
    }

    /// The `iss` of the payload, without verifying it. Anyone may have written it.
    ///
    /// Its only use is to choose the rules and keys to verify the token with. The rest of the
    /// payload is ignored. It is an error if `iss` occurs twice, or is longer than the name of an
    /// issuer can be.
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
        // Derived deserialization refuses a field that occurs twice, and skips unknown ones.
        #[derive(Deserialize)]
        struct Issued {
            iss: String,
        }

        let Issued { iss } = self.deserialize_unverified()?;
        match iss.len() <= MAX_ISSUER_NAME_LEN {
            true => Ok(iss),
            false => Err(JoseError::wrong_issuer("an issuer of at most 2,048 bytes", &iss)),
        }
    }

    /// Checks the signature with the key that the header names. If several keys have its `kid` and
    /// fit the algorithm, at most 4 are tried.
    ///
    /// A token without `kid` is accepted only if exactly one key of the set can have signed it.
    /// [`JoseError::UnknownKey`] means that a newer key set may contain the key.
    pub fn verify(&self, keys: &KeySet, allowed: AlgorithmSet) -> Result<VerifiedJws, JoseError> {
        let key = self.check_signature(keys, AllowedAlgorithms::Only(allowed))?;
        let payload = self.payload().to_vec();
        Ok(VerifiedJws { payload, algorithm: self.header.algorithm(), kid: key.shared_kid() })
    }

    /// Whether the signature was made by this key. The `kid` of the header is ignored.
    ///
    /// Use [`verify`](Self::verify) to authenticate a token. This function takes the same time, so
    /// a caller can avoid that a token with an unknown key is refused faster than a forged one.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.header.algorithm(), self.signed, self.signature())
    }

    /// Checks the signature and returns the key that made it.
    pub(crate) fn check_signature<'k>(
        &self,
        keys: &'k KeySet,
        allowed: AllowedAlgorithms,
    ) -> Result<&'k VerifyingKey, JoseError> {
        let algorithm = self.header.algorithm();
        let mut candidates = keys.candidates(self.header.kid(), algorithm, allowed)?;
        candidates
            .find(|key| key.verifies(algorithm, self.signed, self.signature()))
            .ok_or(JoseError::BadSignature)
    }

    /// The token as it was received.
    pub(crate) fn token(&self) -> &'a [u8] {
        self.token
    }

    /// The decoded payload.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.decoded[..self.payload_len]
    }

    fn signature(&self) -> &[u8] {
        &self.decoded[self.payload_len..]
    }
}

impl fmt::Debug for UnverifiedJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJws").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The bytes before and after the first dot.
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr(b'.', text)?;
    Some((&text[..dot], &text[dot + 1..]))
}

/// Decodes a segment, which must not be empty.
fn decode_segment(name: &'static str, segment: &[u8], into: &mut Vec<u8>) -> Result<(), JoseError> {
    match base64url::decode_to(segment, into) {
        Ok(()) if !segment.is_empty() => Ok(()),
        _ => Err(JoseError::Malformed(name)),
    }
}

/// The payload of a token whose signature is valid.
///
/// Issuer, audience and times are not checked. A caller that expects a token other than an access
/// token must check them by its own rules.
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
        serde_json::from_slice(&self.payload).map_err(|_| JoseError::InvalidClaims { claim: None })
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the key that verified the token, if the key has one.
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
