//! The errors of this crate.

use scopegate_claims::ClaimsReadError;

use crate::mismatch::shown;
use crate::{KeyProblem, Mismatch};

/// What is wrong with a token, a key or a sealed secret.
///
/// The variants come in three groups: errors in the token, errors in the configuration, internal
/// errors. No message quotes a token, a claim or a key, so every message may be logged. What a
/// log needs beyond the message is in [`details`](JoseError::details).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JoseError {
    /// The token is longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN).
    #[error("the token is too large")]
    TooLarge,
    /// The token is not a JWT in compact form. The text names the malformed part.
    #[error("the {0} of the token is malformed")]
    Malformed(&'static str),
    /// The header lists a critical extension (`crit`, RFC 7515 §4.1.11). None is supported.
    #[error("the token requires an extension that is not supported")]
    CriticalHeader,
    /// The algorithm is unknown, not allowed, or does not match the key.
    #[error("the algorithm of the token is not allowed")]
    AlgorithmNotAllowed,
    /// No key of the set can have signed this token. A newer key set may contain the key.
    #[error("the token is signed with an unknown key")]
    UnknownKey {
        /// The `kid` of the header.
        kid: Option<Box<str>>,
    },
    /// The token has no `kid`, and more than one key could have signed it.
    #[error("the token does not say which key signed it")]
    AmbiguousKey,
    /// The signature is not valid for the key that the header names, see
    /// [`Header::kid`](crate::Header::kid). If the issuer changed the key under its old `kid`, a
    /// newer key set helps. Otherwise the token is forged.
    #[error("the signature of the token is wrong")]
    BadSignature,
    /// The token is not an access token, or it is not marked as one and the rules require that.
    #[error("the token is not an access token")]
    WrongType,
    /// The payload is not a JSON object with valid claims.
    #[error(
        "the claims of the token are malformed{}",
        claim.map_or_else(String::new, |claim| format!(": `{claim}`"))
    )]
    InvalidClaims {
        /// The claim that is missing or malformed. `None` if it is no single claim.
        claim: Option<&'static str>,
    },
    /// The token lacks a required claim. The text names the claim.
    #[error("the token lacks `{0}`")]
    MissingClaim(&'static str),
    /// Another issuer made the token.
    #[error("the token is from another issuer")]
    WrongIssuer(Box<Mismatch>),
    /// The token is for another audience.
    #[error("the token is for another audience")]
    WrongAudience(Box<Mismatch>),
    /// The token has expired (`exp`).
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet (`nbf`).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token is bound to a key (`cnf`). A bearer token carries no proof of possession of that
    /// key.
    #[error("the token is bound to a key and cannot be used as a bearer token")]
    SenderConstrained,
    /// The claims that the service wants to read are missing or have another type.
    #[error("the claims of the token do not match the type `{wanted}`")]
    ExtraClaims {
        /// The Rust type to read.
        wanted: &'static str,
        /// The path of the member that is missing or has another type, such as `address.city`, if
        /// it is known. It holds names, never values.
        member: Option<Box<str>>,
    },
    /// A string is not base64url in canonical form.
    #[error("not base64url without padding")]
    InvalidBase64url,

    /// The document is not a JWK set (RFC 7517 §5).
    #[error("the key set is not a JSON object with a `keys` array")]
    InvalidKeySet,
    /// The document is larger than [`MAX_KEY_SET_LEN`](crate::MAX_KEY_SET_LEN).
    #[error("the key set is too large")]
    KeySetTooLarge,
    /// A key cannot be used.
    #[error("the key is not usable: {0}")]
    InvalidKey(#[from] KeyProblem),
    /// The name of an issuer is empty or too long, see [`IssuerName`](crate::IssuerName).
    #[error("the name of an issuer must have 1 to 2048 bytes")]
    InvalidIssuerName,
    /// The leeway is longer than [`MAX_LEEWAY`](crate::MAX_LEEWAY).
    #[error("the leeway must not exceed five minutes")]
    LeewayTooLong,
    /// The master key is not 32 bytes in base64url.
    #[error("a master key must be 32 random bytes in base64url, which are 43 characters")]
    InvalidMasterKey,
    /// A secret was sealed with another key or another context, or it was altered.
    #[error(
        "the secret cannot be decrypted: it was encrypted with another master key or context, or it was altered"
    )]
    CannotOpen,

    /// The payload cannot be written as JSON.
    #[error("the payload cannot be written as JSON")]
    Unserializable,
    /// The cryptographic library failed, for example because memory ran out.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl From<ClaimsReadError> for JoseError {
    fn from(error: ClaimsReadError) -> Self {
        Self::InvalidClaims { claim: error.claim() }
    }
}

impl JoseError {
    /// The error that a token is from another issuer than the wanted one.
    pub fn wrong_issuer(wanted: &str, found: &str) -> Self {
        Self::WrongIssuer(Box::new(Mismatch::new(wanted, found)))
    }

    /// The error that a token is for another audience than the wanted one.
    pub fn wrong_audience(wanted: &str, found: &str) -> Self {
        Self::WrongAudience(Box::new(Mismatch::new(wanted, found)))
    }

    /// What was wanted and what was found, for a log. Texts from the token are bounded and escaped.
    ///
    /// It must not be sent to the client.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::WrongIssuer(mismatch) | Self::WrongAudience(mismatch) => {
                Some(mismatch.to_string())
            }
            Self::ExtraClaims { wanted, member: Some(member) } => {
                Some(format!("`{wanted}` does not match the token at `{member}`"))
            }
            Self::UnknownKey { kid: Some(kid) } => Some(format!("found kid `{}`", shown(kid))),
            _ => None,
        }
    }

    /// A stable code for metrics and logs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed(_) => "malformed",
            Self::CriticalHeader => "critical_header",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::UnknownKey { .. } => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::InvalidClaims { .. } => "invalid_claims",
            Self::MissingClaim(_) => "missing_claim",
            Self::WrongIssuer(_) => "wrong_issuer",
            Self::WrongAudience(_) => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::SenderConstrained => "sender_constrained",
            Self::ExtraClaims { .. } => "extra_claims",
            Self::InvalidBase64url => "invalid_base64url",
            Self::InvalidKeySet => "invalid_key_set",
            Self::KeySetTooLarge => "key_set_too_large",
            Self::InvalidKey(_) => "invalid_key",
            Self::InvalidIssuerName => "invalid_issuer_name",
            Self::LeewayTooLong => "leeway_too_long",
            Self::InvalidMasterKey => "invalid_master_key",
            Self::CannotOpen => "cannot_open",
            Self::Unserializable => "unserializable",
            Self::Crypto => "crypto",
        }
    }

    /// The `kid` of the token, if the error is an unknown key.
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { kid } => kid.as_deref(),
            _ => None,
        }
    }

    /// The explanation for the client: fixed text for an `error_description` (RFC 6750 §3).
    pub const fn description(&self) -> &'static str {
        // No wildcard arm: a new variant must choose what the client may learn.
        match self {
            Self::TooLarge => "The access token is too large",
            Self::Malformed(_) | Self::InvalidBase64url => "The access token is malformed",
            Self::CriticalHeader => "The access token demands an unsupported extension",
            Self::AlgorithmNotAllowed => "The signature algorithm is not allowed",
            Self::UnknownKey { .. } | Self::AmbiguousKey => "The signing key is unknown",
            Self::BadSignature => "The signature is not valid",
            Self::WrongType => "The token is not an access token",
            Self::InvalidClaims { .. } => "The claims of the access token are not valid",
            Self::MissingClaim(_) => "The access token lacks a claim that it must have",
            Self::WrongIssuer(_) => "The access token is from another issuer",
            Self::WrongAudience(_) => "The access token is for another audience",
            Self::Expired => "The access token expired",
            Self::NotYetValid => "The access token is not valid yet",
            Self::SenderConstrained => "The access token is bound to a key",
            Self::ExtraClaims { .. } => "The access token lacks claims that this service needs",
            Self::InvalidKeySet
            | Self::KeySetTooLarge
            | Self::InvalidKey(_)
            | Self::InvalidIssuerName
            | Self::LeewayTooLong
            | Self::InvalidMasterKey
            | Self::CannotOpen
            | Self::Unserializable
            | Self::Crypto => "The access token cannot be checked",
        }
    }
}
