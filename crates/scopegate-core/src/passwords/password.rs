//! A password, as long as it is needed in clear.

use std::fmt;

use zeroize::Zeroizing;

/// A password in clear, in memory that is wiped. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a text is no password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// It has more bytes than any password.
    #[error("a password has at most {} bytes", Password::MAX_LENGTH)]
    TooLong,
    /// It has fewer characters than a password that is chosen now must have.
    #[error("a password has at least {} characters", Password::MIN_CHARACTERS)]
    TooShort,
}

impl Password {
    /// The most bytes of a password.
    pub const MAX_LENGTH: usize = 1024;

    /// The fewest characters of a password that is chosen now (NIST SP 800-63B §5.1.1.2).
    pub const MIN_CHARACTERS: usize = 8;

    /// A password that somebody typed, to be compared.
    ///
    /// # Errors
    ///
    /// [`InvalidPassword::TooLong`]: it is nobody's.
    pub fn given(text: impl Into<Zeroizing<String>>) -> Result<Self, InvalidPassword> {
        let text = text.into();
        if text.len() > Self::MAX_LENGTH {
            return Err(InvalidPassword::TooLong);
        }
        Ok(Self(text))
    }

    /// A password that somebody chose, to be kept from now on.
    ///
    /// # Errors
    ///
    /// [`InvalidPassword`] if it is too long or too short.
    pub fn chosen(text: impl Into<Zeroizing<String>>) -> Result<Self, InvalidPassword> {
        let password = Self::given(text)?;
        if password.0.chars().count() < Self::MIN_CHARACTERS {
            return Err(InvalidPassword::TooShort);
        }
        Ok(password)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> String {
        "é".repeat(length / 2)
    }

    #[test]
    fn a_password_is_bounded() {
        assert!(Password::given(text(1024)).is_ok());
        assert_eq!(Password::given(text(1026)).unwrap_err(), InvalidPassword::TooLong);
        assert!(Password::given(String::new()).is_ok());
    }

    #[test]
    fn a_password_that_is_chosen_now_has_eight_characters() {
        assert!(Password::chosen(text(16)).is_ok());
        assert_eq!(Password::chosen(text(14)).unwrap_err(), InvalidPassword::TooShort);
        assert_eq!(Password::chosen(text(1026)).unwrap_err(), InvalidPassword::TooLong);
    }

    #[test]
    fn debug_shows_nothing() {
        let password = Password::given("hush".to_owned()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}
