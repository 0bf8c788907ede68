//! Refresh tokens. They are derived from a family and a generation, so no refresh token is stored.

use std::fmt;

use scopegate_jose::{MasterKey, base64url, constant_time_eq};

use crate::store::FamilyId;

/// A refresh token (RFC 6749 §1.5). `Debug` hides it.
///
/// It is the base64url text (68 characters) of 51 bytes: the family (15), the generation (4), and an HMAC of
/// both under the master key (32). The HMAC lets a forged token be refused without a storage lookup.
#[derive(Clone)]
pub struct RefreshToken(String);

/// The number of bytes of the family and the generation. The HMAC covers them.
const PREFIX: usize = 15 + 4;
const LENGTH: usize = PREFIX + 32;
const TEXT_LENGTH: usize = LENGTH / 3 * 4;

impl RefreshToken {
    /// The refresh token of one generation of a family.
    pub fn derive(master_key: &MasterKey, family: &FamilyId, generation: u32) -> Self {
        let mut bytes = [0; LENGTH];
        bytes[..15].copy_from_slice(&family.to_bytes());
        bytes[15..PREFIX].copy_from_slice(&generation.to_be_bytes());
        let mac = mac(master_key, &bytes[..PREFIX]);
        bytes[PREFIX..].copy_from_slice(&mac);
        Self(base64url::encode(&bytes))
    }

    /// The family and the generation of a token. `None` if it was not derived with this master key.
    pub fn read(text: &str, master_key: &MasterKey) -> Option<(FamilyId, u32)> {
        // Introspection and revocation mostly pass access tokens, which are far longer: skip the decoding.
        if text.len() != TEXT_LENGTH {
            return None;
        }
        let bytes: [u8; LENGTH] = base64url::decode(text).ok()?.try_into().ok()?;
        let (prefix, presented_mac) = bytes.split_at(PREFIX);
        if !constant_time_eq(&mac(master_key, prefix), presented_mac) {
            return None;
        }
        let (family, generation) = prefix.split_at(15);
        let generation = u32::from_be_bytes(generation.try_into().ok()?);
        Some((FamilyId::from_bytes(family.try_into().ok()?), generation))
    }

    /// The text of the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Consumes the token and returns its text.
    pub fn into_text(self) -> String {
        self.0
    }
}

fn mac(master_key: &MasterKey, prefix: &[u8]) -> [u8; 32] {
    master_key.mac("refresh token", prefix)
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
    fn a_token_names_its_family_and_generation_and_needs_the_master_key() {
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
