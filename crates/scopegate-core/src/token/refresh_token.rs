//! Refresh tokens: derived from a family and a generation, so that none is ever stored.

use std::fmt;

use scopegate_jose::{MasterKey, base64url, constant_time_eq};

use crate::store::FamilyId;

/// A refresh token (RFC 6749 §1.5). `Debug` hides it.
///
/// It is base64url of the family's 15 bytes, the generation in 4, and an HMAC of both under the
/// master key in 32: 68 characters. What nobody derived is told without asking a storage.
#[derive(Clone)]
pub struct RefreshToken(String);

/// The family's bytes and the generation's.
const NAMED: usize = 15 + 4;
const LENGTH: usize = NAMED + 32;
const TEXT_LENGTH: usize = LENGTH / 3 * 4;

impl RefreshToken {
    /// The token of a family in a generation.
    pub fn derive(master_key: &MasterKey, family: &FamilyId, generation: u32) -> Self {
        let mut bytes = [0; LENGTH];
        bytes[..15].copy_from_slice(&family.to_bytes());
        bytes[15..NAMED].copy_from_slice(&generation.to_be_bytes());
        let mac = mac(master_key, &bytes[..NAMED]);
        bytes[NAMED..].copy_from_slice(&mac);
        Self(base64url::encode(&bytes))
    }

    /// The family and the generation of a token; none if we did not derive it.
    pub fn read(text: &str, master_key: &MasterKey) -> Option<(FamilyId, u32)> {
        // Most of what is shown here are access tokens, which are far longer.
        if text.len() != TEXT_LENGTH {
            return None;
        }
        let bytes: [u8; LENGTH] = base64url::decode(text).ok()?.try_into().ok()?;
        let (named, shown) = bytes.split_at(NAMED);
        if !constant_time_eq(&mac(master_key, named), shown) {
            return None;
        }
        let (family, generation) = named.split_at(15);
        let generation = u32::from_be_bytes(generation.try_into().ok()?);
        Some((FamilyId::from_bytes(family.try_into().ok()?), generation))
    }

    /// The token itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The token itself, to be sent.
    pub fn into_text(self) -> String {
        self.0
    }
}

fn mac(master_key: &MasterKey, named: &[u8]) -> [u8; 32] {
    master_key.mac("refresh token", named)
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_family_and_generation_and_nobody_else_makes_one() {
        let (master_key, family) = (MasterKey::generate(), FamilyId::generate());
        let token = RefreshToken::derive(&master_key, &family, 7);
        assert_eq!(token.as_str().len(), 68);
        assert_eq!(RefreshToken::read(token.as_str(), &master_key), Some((family.clone(), 7)));
        assert_eq!(RefreshToken::read(token.as_str(), &MasterKey::generate()), None);
        for place in [0, 20, 26, 67] {
            let mut altered = token.as_str().to_owned();
            let other = if altered.as_bytes()[place] == b'A' { "B" } else { "A" };
            altered.replace_range(place..=place, other);
            assert_eq!(RefreshToken::read(&altered, &master_key), None, "{place}");
        }
        for bad in ["", "x", &token.as_str()[1..], &format!("{}A", token.as_str())] {
            assert_eq!(RefreshToken::read(bad, &master_key), None);
        }
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
    }
}
