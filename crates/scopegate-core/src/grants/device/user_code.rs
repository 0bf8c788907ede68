//! The code that a user types (RFC 8628 §6.1): eight consonants. Without vowels a code spells no word.

use std::fmt;

use scopegate_jose::{MasterKey, random_bytes};

use crate::store::ArtifactName;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The number of letters. There are 20⁸, about 2.6 · 10¹⁰, codes.
const LENGTH: usize = 8;

/// The maximum input in bytes: the code and any separators between its letters.
const MAX_TYPED: usize = 64;

/// The code that a user types. `Display` writes it as `WDJB-MJHT`. `Debug` hides it.
#[derive(Clone, Eq, PartialEq)]
pub struct UserCode([u8; LENGTH]);

impl UserCode {
    pub(crate) fn generate() -> Self {
        let bytes = std::iter::repeat_with(random_bytes::<16>).flatten();
        let mut letters = bytes.filter_map(letter_of);
        Self(std::array::from_fn(|_| letters.next().expect("random bytes do not end")))
    }

    /// Reads what a user typed. Case does not matter. Hyphens, spaces, dots and underscores are ignored.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MAX_TYPED {
            return None;
        }
        let typed = typed.bytes().filter(|byte| !matches!(byte, b'-' | b' ' | b'.' | b'_'));
        let letters: Vec<u8> = typed.map(|byte| byte.to_ascii_uppercase()).collect();
        let is_valid = letters.iter().all(|letter| LETTERS.contains(letter));
        letters.try_into().ok().filter(|_| is_valid).map(Self)
    }

    /// The digest under which the device's artifact is found. It needs a key: there are so few codes that an
    /// attacker could find the code of an unkeyed digest by trying all of them.
    pub(crate) fn digest(&self, master_key: &MasterKey) -> [u8; 32] {
        master_key.mac("user code", &self.0)
    }

    pub(crate) fn name(&self, master_key: &MasterKey) -> ArtifactName {
        ArtifactName::Alias(self.digest(master_key))
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.iter().enumerate() {
            if at == LENGTH / 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

/// The letter that a random byte stands for. Each letter is as probable as each other, so a byte beyond
/// the last whole round stands for none.
fn letter_of(byte: u8) -> Option<u8> {
    let (byte, rounds) = (usize::from(byte), 256 / LETTERS.len());
    (byte < rounds * LETTERS.len()).then(|| LETTERS[byte % LETTERS.len()])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn s6_1_case_and_separators_do_not_matter() {
        let code = UserCode::parse("WDJBMJHT").unwrap();
        assert_eq!(code.to_string(), "WDJB-MJHT");
        for typed in ["WDJB-MJHT", "wdjb-mjht", " wdjb mjht ", "W.D.J.B.M.J.H.T", "--WDJBMJHT_"] {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
        }
        let longest = "WDJBMJHT".to_owned() + &"-".repeat(MAX_TYPED - 8);
        assert!(UserCode::parse(&longest).is_some());
        let long = longest + "-";
        for typed in ["", "WDJBMJH", "WDJBMJHTT", "WDJBMJHA", "WDJBMJH1", "WDJBMJHé", &long] {
            assert_eq!(UserCode::parse(typed), None, "{typed}");
        }
        assert_eq!(format!("{code:?}"), "UserCode(…)");
    }

    #[test]
    fn s5_1_generated_codes_use_all_letters_and_do_not_repeat() {
        let codes: Vec<_> = (0..200).map(|_| UserCode::generate().to_string()).collect();
        let different: BTreeSet<_> = codes.iter().collect();
        assert_eq!(different.len(), codes.len());
        let letters: BTreeSet<_> = codes.iter().flat_map(|code| code.bytes()).collect();
        assert_eq!(letters.len(), LETTERS.len() + 1, "all letters, and the hyphen");
        assert!(codes.iter().all(|code| UserCode::parse(code).is_some()));
    }

    #[test]
    fn s5_1_each_letter_is_as_probable_as_each_other() {
        let letters: Vec<u8> = (0..=u8::MAX).filter_map(letter_of).collect();
        assert_eq!(letters.len(), 240);
        for letter in LETTERS {
            assert_eq!(letters.iter().filter(|known| *known == letter).count(), 12);
        }
    }

    #[test]
    fn the_digest_depends_on_the_key_and_on_the_code() {
        let code = UserCode::generate();
        let (key, other) = (MasterKey::generate(), MasterKey::generate());
        assert_eq!(code.digest(&key), code.digest(&key));
        assert_ne!(code.digest(&key), code.digest(&other));
        assert_ne!(code.digest(&key), UserCode::generate().digest(&key));
    }
}
