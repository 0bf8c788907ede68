//! What can go wrong with a token.

use std::path::PathBuf;
use std::sync::Arc;

use cryptoki::error::{Error, RvError};
use scopegate_core::keys::KeyError;
use scopegate_jose::{Algorithm, KeyProblem};

use super::pin::PinError;

/// What can go wrong with a token. No text contains the PIN.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Pkcs11Error {
    #[error("the PKCS#11 module {} cannot be loaded: {why}", path.display())]
    Module { path: PathBuf, why: String },
    #[error("there is no PKCS#11 token with the label \"{label}\"; the module has {found}")]
    NoToken { label: Arc<str>, found: String },
    #[error("there are several PKCS#11 tokens with the label \"{0}\": give them different labels")]
    SeveralTokens(Arc<str>),
    #[error(transparent)]
    Pin(#[from] PinError),
    #[error(
        "the PKCS#11 token \"{token}\" refuses the PIN ({why}); it is not tried again until it is changed"
    )]
    PinRefused { token: Arc<str>, why: String },
    #[error("the PKCS#11 token has no private key {0}")]
    NoKey(Arc<str>),
    #[error("the key is in the PKCS#11 token \"{0}\", which is not the configured one")]
    OtherToken(Arc<str>),
    #[error("the PKCS#11 token does not support {0}")]
    Unsupported(Algorithm),
    #[error("the PKCS#11 token made a private key that can be read: {0} is not as demanded")]
    Revealed(&'static str),
    #[error("the public key that the PKCS#11 token has made cannot be used: {0}")]
    PublicKey(#[from] KeyProblem),
    #[error("the PKCS#11 token makes wrong signatures for {0}")]
    WrongSignature(Algorithm),
    #[error("too many requests wait for the PKCS#11 token")]
    Busy,
    #[error("the PKCS#11 token does not answer in time")]
    Overdue,
    #[error("the threads for the PKCS#11 token have ended")]
    Ended,
    #[error("the PKCS#11 module failed: {why}")]
    Call { why: Arc<str>, loss: Option<Loss> },
}

/// What a failed call says about the session or the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Loss {
    /// Another session may work.
    Session,
    /// The token or the module may have to be found again.
    Token,
}

impl From<Error> for Pkcs11Error {
    fn from(error: Error) -> Self {
        Self::Call { why: shown(&error).into(), loss: loss(&error) }
    }
}

impl From<Pkcs11Error> for KeyError {
    fn from(error: Pkcs11Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Pkcs11Error {
    /// The session was opened before the module was started again.
    pub(super) fn session_is_gone() -> Self {
        let why = "the session is gone".into();
        Self::Call { why, loss: Some(Loss::Session) }
    }

    /// Whether a new session may help.
    pub(super) fn loses_session(&self) -> bool {
        // A key that is not found may be one of another session of the token, before it was lost.
        matches!(self, Self::Call { loss: Some(_), .. } | Self::NoKey(_))
    }

    /// Whether the module may have to be started again.
    pub(super) fn loses_token(&self) -> bool {
        matches!(self, Self::Call { loss: Some(Loss::Token), .. } | Self::NoToken { .. })
    }
}

/// The name of the error, and of the function that returned it. `Display` has the whole paragraph of
/// the standard.
pub(super) fn shown(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("C_{function:?} returned {code:?}"),
        other => other.to_string(),
    }
}

fn loss(error: &Error) -> Option<Loss> {
    let Error::Pkcs11(code, _) = error else { return None };
    match code {
        RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::SessionCount
        | RvError::UserNotLoggedIn
        | RvError::ObjectHandleInvalid
        | RvError::KeyHandleInvalid
        | RvError::OperationActive
        | RvError::OperationNotInitialized => Some(Loss::Session),
        RvError::CryptokiNotInitialized
        | RvError::DeviceError
        | RvError::DeviceMemory
        | RvError::DeviceRemoved
        | RvError::FunctionFailed
        | RvError::GeneralError
        | RvError::SlotIdInvalid
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::UnknownErrorCode(_)
        // The module may have seen the token while it was made.
        | RvError::UserPinNotInitialized
        | RvError::VendorDefined(_) => Some(Loss::Token),
        _ => None,
    }
}
