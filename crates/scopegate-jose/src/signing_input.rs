//! Tokens whose signatures are made elsewhere, by a service that never reveals the private key.

use std::fmt;

use crate::signing_key::headers;
use crate::{Algorithm, JoseError, TokenType, base64url};

/// The headers of the tokens of one key, encoded in advance.
///
/// ```
/// use scopegate_jose::{Algorithm, AlgorithmSet, KeySet, SigningKey, TokenHeaders, TokenType, UnverifiedJws};
/// # use scopegate_jose::base64url;
/// # struct Service(SigningKey);
/// # impl Service {
/// #     fn sign(&self, input: &[u8]) -> Vec<u8> {
/// #         let input = std::str::from_utf8(input).unwrap();
/// #         base64url::decode(&self.0.signature(input).unwrap()).unwrap()
/// #     }
/// # }
/// # let key = SigningKey::generate(Algorithm::Es256)?.with_kid("k1")?;
/// # let keys = KeySet::from_keys([key.verifying_key()?]);
/// # let service = Service(key);
///
/// let headers = TokenHeaders::new(Algorithm::Es256, "k1")?;
/// let input = headers.input(TokenType::AccessToken, br#"{"sub":"alice"}"#);
/// let signature = service.sign(input.as_bytes());
/// let token = input.with_signature(&signature);
/// assert!(UnverifiedJws::parse(&token)?.verify(&keys, AlgorithmSet::all()).is_ok());
/// # Ok::<(), scopegate_jose::JoseError>(())
/// ```
#[derive(Clone)]
pub struct TokenHeaders {
    kid: Box<str>,
    headers: [Box<str>; TokenType::ALL.len()],
}

impl TokenHeaders {
    /// The headers of a key.
    ///
    /// # Errors
    ///
    /// [`JoseError::Unserializable`] if they cannot be written as JSON.
    pub fn new(algorithm: Algorithm, kid: &str) -> Result<Self, JoseError> {
        Ok(Self { kid: kid.into(), headers: headers(algorithm, kid)? })
    }

    /// What has to be signed for a payload (RFC 7515 §5.1).
    pub fn input(&self, typ: TokenType, payload: &[u8]) -> SigningInput {
        let header = &self.headers[typ as usize];
        let length = header.len() + 1 + base64url::encoded_len(payload.len());
        let mut input = String::with_capacity(length);
        input.push_str(header);
        input.push('.');
        base64url::encode_to(payload, &mut input);
        SigningInput(input)
    }
}

impl fmt::Debug for TokenHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenHeaders").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// What has to be signed: header and payload (RFC 7515 §5.1). `Debug` hides them.
#[derive(Clone)]
pub struct SigningInput(String);

impl SigningInput {
    /// The bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The token in compact form (RFC 7515 §7.1).
    ///
    /// The signature must have the form of its algorithm (RFC 7518 §3). That of ECDSA is the two
    /// numbers at full length, not DER.
    pub fn with_signature(mut self, signature: &[u8]) -> String {
        self.0.reserve_exact(1 + base64url::encoded_len(signature.len()));
        self.0.push('.');
        base64url::encode_to(signature, &mut self.0);
        self.0
    }
}

impl fmt::Debug for SigningInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningInput").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_token_that_is_signed_elsewhere_is_the_token_that_the_key_signs() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid("k1").unwrap();
        let headers = TokenHeaders::new(Algorithm::EdDsa, "k1").unwrap();
        for typ in TokenType::ALL {
            let input = headers.input(typ, b"{\"sub\":\"alice\"}");
            let signature = key.signature(std::str::from_utf8(input.as_bytes()).unwrap()).unwrap();
            let token = input.with_signature(&base64url::decode(&signature).unwrap());
            // Ed25519 signs the same input always with the same signature.
            assert_eq!(token, key.sign_payload(typ, b"{\"sub\":\"alice\"}").unwrap());
        }
    }

    #[test]
    fn neither_the_headers_nor_the_input_are_shown() {
        let headers = TokenHeaders::new(Algorithm::EdDsa, "k1").unwrap();
        let input = headers.input(TokenType::Jwt, b"{\"sub\":\"alice\"}");
        assert_eq!(format!("{input:?}"), "SigningInput { .. }");
        assert_eq!(format!("{headers:?}"), "TokenHeaders { kid: \"k1\", .. }");
    }
}
