//! A password in clear text.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password in clear text. Its memory is wiped when it is dropped. `Debug` does not show it.
///
/// It is kept as it was typed and in its normal form: every space is U+0020, and letters are
/// composed (NFC), as in the profile OpaqueString (RFC 8265 §4.2.2). So different keyboards produce
/// the same password. The other rules of the profile, which refuse some characters, are not
/// applied.
#[derive(Clone)]
pub struct Password {
    typed: Zeroizing<String>,
    normal: Zeroizing<String>,
}

/// The form of a password from which a hash was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// The normal form.
    Normal,
    /// The password as it was typed.
    Typed,
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// It has more bytes than a password may have.
    #[error("a password has at most {} bytes", Password::MAX_LENGTH)]
    TooLong,
    /// It has fewer characters than a new password must have.
    #[error("a password has at least {} characters", Password::MIN_CHARACTERS)]
    TooShort,
}

impl Password {
    /// The maximum size of a password in its normal form, in bytes.
    pub const MAX_LENGTH: usize = 1024;

    /// The maximum size of a password as it is typed, in bytes. Letters that are not composed can
    /// be up to three times as long.
    pub const MAX_TYPED: usize = 4 * Self::MAX_LENGTH;

    /// The minimum number of characters of a new password (NIST SP 800-63B §5.1.1.2).
    pub const MIN_CHARACTERS: usize = 8;

    /// A password that a user typed to sign in.
    ///
    /// # Errors
    ///
    /// [`InvalidPassword::TooLong`]: no user can have this password.
    pub fn given(text: impl Into<Zeroizing<String>>) -> Result<Self, InvalidPassword> {
        let typed = text.into();
        if typed.len() > Self::MAX_TYPED {
            return Err(InvalidPassword::TooLong);
        }
        let normal = normalized(&typed);
        // A password that was hashed as it was typed may have a longer normal form.
        if typed.len().min(normal.len()) > Self::MAX_LENGTH {
            return Err(InvalidPassword::TooLong);
        }
        Ok(Self { typed, normal })
    }

    /// A new password that a user chose.
    ///
    /// # Errors
    ///
    /// [`InvalidPassword`] if it is too long or too short.
    pub fn chosen(text: impl Into<Zeroizing<String>>) -> Result<Self, InvalidPassword> {
        let password = Self::given(text)?;
        if password.normal.len() > Self::MAX_LENGTH {
            return Err(InvalidPassword::TooLong);
        }
        if password.normal.chars().count() < Self::MIN_CHARACTERS {
            return Err(InvalidPassword::TooShort);
        }
        Ok(password)
    }

    pub(super) fn bytes(&self, form: Form) -> &[u8] {
        match form {
            Form::Normal => self.normal.as_bytes(),
            Form::Typed => self.typed.as_bytes(),
        }
    }

    /// Tells whether it was typed in its normal form.
    pub(super) fn is_normal(&self) -> bool {
        self.typed == self.normal
    }
}

fn normalized(typed: &str) -> Zeroizing<String> {
    // NFC makes a text at most three times as long. With enough capacity the string never grows,
    // which would leave a copy in memory that is not wiped.
    let mut normal = Zeroizing::new(String::with_capacity(3 * typed.len()));
    match typed.is_ascii() {
        true => normal.push_str(typed),
        false => normal.extend(typed.chars().map(plain_space).nfc()),
    }
    normal
}

/// Replaces any Unicode space (general category Zs) by U+0020.
const fn plain_space(character: char) -> char {
    match character {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
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
    fn a_password_has_a_maximum_size() {
        assert!(Password::given(text(1024)).is_ok());
        assert_eq!(Password::given(text(1026)).unwrap_err(), InvalidPassword::TooLong);
        assert!(Password::given(String::new()).is_ok());
    }

    #[test]
    fn the_normal_form_has_composed_letters_and_ascii_spaces() {
        let password = |text: &str| Password::given(text.to_owned()).unwrap();
        let (composed, apart) = (
            password("Cr\u{e8}me br\u{fb}l\u{e9}e"),
            password("Cre\u{300}me\u{a0}bru\u{302}le\u{301}e"),
        );
        assert_eq!(composed.bytes(Form::Normal), apart.bytes(Form::Normal));
        assert_ne!(composed.bytes(Form::Typed), apart.bytes(Form::Typed));
        assert!(composed.is_normal() && !apart.is_normal());
        // Case, full-width letters, invisible characters and spaces at the ends are not changed.
        for other in ["creme brulee", "ＡＢＣ", " a\t", "a\u{200d}", "\u{131}", "\u{fb01}"] {
            assert_eq!(password(other).bytes(Form::Normal), other.as_bytes(), "{other}");
        }
    }

    #[test]
    fn a_password_that_was_accepted_when_it_was_chosen_is_accepted_in_every_spelling() {
        let composed = "\u{1e69}".repeat(Password::MAX_LENGTH / 3);
        let apart = "s\u{323}\u{307}".repeat(Password::MAX_LENGTH / 3);
        for spelling in [&composed, &apart] {
            assert!(Password::chosen(spelling.clone()).is_ok());
            assert!(Password::given(spelling.clone()).is_ok());
        }
        // U+1D160 is longer in its normal form. Such a password can no longer be chosen, but
        // earlier versions accepted it.
        let grows = "\u{1d160}".repeat(Password::MAX_LENGTH / 4);
        assert_eq!(Password::chosen(grows.clone()).unwrap_err(), InvalidPassword::TooLong);
        assert!(Password::given(grows).is_ok());
        let longest = "e".repeat(Password::MAX_TYPED + 1);
        assert_eq!(Password::given(longest).unwrap_err(), InvalidPassword::TooLong);
    }

    #[test]
    fn a_new_password_has_at_least_eight_characters() {
        assert!(Password::chosen(text(16)).is_ok());
        assert_eq!(Password::chosen(text(14)).unwrap_err(), InvalidPassword::TooShort);
        let apart = "e\u{301}".repeat(7);
        assert_eq!(Password::chosen(apart).unwrap_err(), InvalidPassword::TooShort);
        assert_eq!(Password::chosen(text(1026)).unwrap_err(), InvalidPassword::TooLong);
    }

    #[test]
    fn debug_does_not_show_the_password() {
        let password = Password::given("hush".to_owned()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}
