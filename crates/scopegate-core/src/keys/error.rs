//! Why a vault or a signer does not do what it should.

use scopegate_jose::{Algorithm, JoseError};

use crate::error::CallError;

/// Why a vault or a signer does not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The service that holds the private keys cannot be used at the moment. The text is for the log,
    /// and contains no secret. The client is told to try again.
    #[error("{0}")]
    Unavailable(String),
    /// The service that holds the private keys cannot make keys for this algorithm.
    #[error("the service that holds the signing keys cannot sign with {0}")]
    Unsupported(Algorithm),
    /// The key or the signature cannot be made.
    #[error(transparent)]
    Jose(#[from] JoseError),
}

impl From<KeyError> for CallError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unavailable(why) => Self::SignerUnavailable(why),
            KeyError::Unsupported(_) => Self::SignerUnavailable(error.to_string()),
            KeyError::Jose(error) => Self::Signing(error),
        }
    }
}
